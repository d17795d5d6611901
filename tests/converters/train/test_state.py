"""The state file of an interrupted run can be read by the same run only."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch

from converters.recipe import load_recipe
from converters.train.state import load_state, save_state
from profiles.errors import TrainingError

NANO = load_recipe("nano")


def test_a_run_loads_its_state(tmp_path: Path) -> None:
    assert load_state(tmp_path / "net.state", NANO, 1) is None
    save_state(tmp_path / "net.state", NANO, 1, {"weights": torch.arange(3)})
    found = load_state(tmp_path / "net.state", NANO, 1)
    assert found is not None
    assert torch.equal(found["weights"], torch.arange(3))


@pytest.mark.parametrize(("recipe", "seed"), [("nano", 2), ("base", 1)])
def test_the_state_of_another_run_is_refused_and_kept(recipe: str, seed: int, tmp_path: Path) -> None:
    file = tmp_path / "net.state"
    save_state(file, NANO, 1, {})
    before = file.read_bytes()
    with pytest.raises(TrainingError, match=rf"belongs to recipe nano, seed 1, not to {recipe}, seed {seed}; remove "):
        load_state(file, load_recipe(recipe), seed)
    assert file.read_bytes() == before


def test_a_changed_recipe_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "net.state"
    save_state(file, NANO, 1, {})
    changed = msgspec.structs.replace(NANO, batch_size=NANO.batch_size + 1)
    with pytest.raises(TrainingError, match=r"recipe nano has changed since .*net\.state was written; change it back"):
        load_state(file, changed, 1)
