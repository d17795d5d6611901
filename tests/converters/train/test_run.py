"""The checkpoint that a recipe starts from."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from converters.checkpoint import load, save
from converters.recipe import load_recipe
from converters.train.run import find_initial_checkpoint
from profiles.errors import TrainingError

RECIPE = msgspec.structs.replace(load_recipe("base-pruned"), start_from="base-strokes")


def test_it_has_the_same_seed_or_is_the_one_that_ships(tmp_path: Path) -> None:
    shipped = find_initial_checkpoint(RECIPE, 3, tmp_path)
    assert shipped is not None
    assert shipped.name == "base.pt"
    save(load(shipped), tmp_path / "base-strokes-3.pt")
    assert find_initial_checkpoint(RECIPE, 3, tmp_path) == tmp_path / "base-strokes-3.pt"
    assert find_initial_checkpoint(load_recipe("base"), 3, tmp_path) is None


@pytest.mark.parametrize(
    ("start_from", "message"),
    [("vgg", r"there is no checkpoint .*vgg-3\.pt to start from"), ("small-strokes", r"is a small, not a base")],
)
def test_a_missing_checkpoint_or_one_of_another_family_is_refused(
    start_from: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(
        TrainingError, match=rf"{message}; run 'digit-convert train --recipe {start_from} --seed 3' first"
    ):
        find_initial_checkpoint(msgspec.structs.replace(RECIPE, start_from=start_from), 3, tmp_path)
