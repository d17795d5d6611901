"""Which net a recipe takes further."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from converters.checkpoint import load, save
from converters.recipe import load_recipe
from converters.train.run import find_start
from profiles.errors import TrainingError

RECIPE = load_recipe("base-pruned")


def test_it_is_of_the_same_seed_or_else_the_one_that_ships(tmp_path: Path) -> None:
    shipped = find_start(RECIPE, 3, tmp_path)
    assert shipped is not None
    assert shipped.name == "base.pt"
    save(load(shipped), tmp_path / "base-3.pt")
    assert find_start(RECIPE, 3, tmp_path) == tmp_path / "base-3.pt"
    assert find_start(load_recipe("base"), 3, tmp_path) is None


@pytest.mark.parametrize(
    ("start", "complaint"), [("vgg", r"there is no .*vgg-3\.pt to take further"), ("small", r"is a small, not a base")]
)
def test_one_that_is_not_there_or_of_another_architecture_is_told_before_anything_is_drawn(
    start: str, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=rf"{complaint}; run 'digit-convert train --recipe {start} --seed 3' first"):
        find_start(msgspec.structs.replace(RECIPE, start=start), 3, tmp_path)
