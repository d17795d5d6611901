"""What an interrupted run had reached comes back to that run alone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch

from converters.recipe import load_recipe
from converters.train.state import load_state, save_state
from profiles.errors import TrainingError

NANO = load_recipe("nano")


def test_a_run_finds_what_it_had_reached(tmp_path: Path) -> None:
    assert load_state(tmp_path / "net.state", NANO, 1) is None
    save_state(tmp_path / "net.state", NANO, 1, {"weights": torch.arange(3)})
    found = load_state(tmp_path / "net.state", NANO, 1)
    assert found is not None
    assert torch.equal(found["weights"], torch.arange(3))


@pytest.mark.parametrize(("recipe", "seed"), [("nano", 2), ("base", 1)])
def test_another_runs_state_is_refused_and_stays(recipe: str, seed: int, tmp_path: Path) -> None:
    file = tmp_path / "net.state"
    save_state(file, NANO, 1, {})
    before = file.read_bytes()
    with pytest.raises(TrainingError, match=rf"belongs to recipe nano, seed 1, not to {recipe}, seed {seed}; remove "):
        load_state(file, load_recipe(recipe), seed)
    assert file.read_bytes() == before


def test_a_recipe_that_has_changed_since_does_not_go_on(tmp_path: Path) -> None:
    file = tmp_path / "net.state"
    save_state(file, NANO, 1, {})
    changed = msgspec.structs.replace(NANO, batch=NANO.batch + 1)
    with pytest.raises(TrainingError, match=r"recipe nano has changed since .*net\.state was written; change it back"):
        load_state(file, changed, 1)
