from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from converters.report.log import SHIPPED, Entry, StepRow, append, read
from profiles.errors import ArtifactError, OutputError, UsageError

STEP = StepRow(do="fit", epochs=3, minutes=1.5, held_out=0.99, test=0.98, parameters=10, macs=20)
ENTRY = Entry(
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


def test_runs_come_back_in_order_and_the_last_of_a_recipe_and_seed_counts(tmp_path: Path) -> None:
    log = tmp_path / "new" / "log.jsonl"
    other = msgspec.structs.replace(ENTRY, seed=4)
    measured = msgspec.structs.replace(ENTRY, when="2026-01-01T01:00:00+00:00")
    for entry in (ENTRY, other, measured):
        append(log, entry)
    assert len(log.read_text().splitlines()) == 3
    assert read(log) == (measured, other)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    append(log, ENTRY)
    with log.open("a") as file:
        file.write('{"when": ')
    with pytest.raises(ArtifactError, match=r"line 2 of .*log\.jsonl is damaged"):
        read(log)


def test_no_log_and_no_place_for_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "log.jsonl")
    with pytest.raises(OutputError, match="cannot be written"):
        append(Path("/proc/log.jsonl"), ENTRY)


def test_the_log_that_ships_is_whole() -> None:
    assert all(entry.steps for entry in read(SHIPPED))
