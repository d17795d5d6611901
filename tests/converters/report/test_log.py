from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from converters.report.log import PROJECT_LOG, LogEntry, StepRow, append_entry, read_log
from profiles.errors import ArtifactError, OutputError, UsageError

STEP = StepRow(do="fit", epochs=3, minutes=1.5, held_out=0.99, test=0.98, parameters=10, macs=20)
ENTRY = LogEntry(
    when="2026-01-01T00:00:00+00:00",
    recipe="nano",
    net="nano",
    seed=3,
    data="MNIST",
    device="CPU",
    versions={"torch": "2"},
    minutes=1.5,
    weights="ab" * 32,
    steps=(STEP,),
)


def test_runs_are_read_in_order_and_a_later_run_replaces_one_of_the_same_recipe_and_seed(tmp_path: Path) -> None:
    log = tmp_path / "new" / "log.jsonl"
    other = msgspec.structs.replace(ENTRY, seed=4)
    measured = msgspec.structs.replace(ENTRY, when="2026-01-01T01:00:00+00:00")
    for entry in (ENTRY, other, measured):
        append_entry(log, entry)
    assert len(log.read_text().splitlines()) == 3
    assert read_log(log) == (measured, other)


def test_a_damaged_line_is_reported_with_its_number(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    append_entry(log, ENTRY)
    with log.open("a") as file:
        file.write('{"when": ')
    with pytest.raises(ArtifactError, match=r"line 2 of .*log\.jsonl is damaged"):
        read_log(log)


def test_a_log_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_log(tmp_path / "log.jsonl")
    with pytest.raises(OutputError, match="cannot be written"):
        append_entry(Path("/proc/log.jsonl"), ENTRY)


def test_each_run_of_the_projects_log_has_steps_and_a_recipe() -> None:
    """The recipe is in this checkout, or the entry names the commit that contains it."""
    recipes = {path.stem for path in (PROJECT_LOG.parents[1] / "recipes").glob("*.toml")}
    for entry in read_log(PROJECT_LOG):
        assert entry.steps
        assert bool(entry.commit) != (entry.recipe in recipes), entry.recipe
