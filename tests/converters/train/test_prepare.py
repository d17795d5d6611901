"""Examples are prepared in other processes and kept on disk; only what is missing or has changed is prepared anew."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from converters.data.labelled import LabelledImages
from converters.data.strips.real import RealStrip
from converters.train.phase import Phase, ignore_phase
from converters.train.prepare import PART_SIZE, Job, Preparation
from profiles.errors import OutputError, TrainingError

pytestmark = pytest.mark.slow

COUNT = PART_SIZE + 3
"""Number of tasks: two parts, the second one not full."""


@dataclass(frozen=True)
class Settings:
    journal: str
    """File that each task appends a line to."""
    factor: int = 1
    source: Path | None = None
    """File that the results depend on."""


def draw(settings: Settings, number: int) -> LabelledImages:
    with Path(settings.journal).open("a") as journal:
        journal.write(f"{number}\n")
    return LabelledImages(np.full((2, 28, 28), number, np.uint8), np.array([number, number * settings.factor]))


def cut(_: None, number: int) -> list[RealStrip]:
    return [RealStrip(np.full((2, 64, 3), number, np.uint8), str(number), edges=((0.5, 2.5),))] * number


def be_killed(_: None, number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.fixture
def preparation(tmp_path: Path) -> Preparation:
    return Preparation(tmp_path / "prepared", ignore_phase)


def made(settings: Settings) -> list[int]:
    """Return the numbers of the tasks that were done, in rising order, and forget them."""
    journal = Path(settings.journal)
    numbers = sorted(map(int, journal.read_text().split())) if journal.exists() else []
    journal.unlink(missing_ok=True)
    return numbers


def prepare(preparation: Preparation, settings: Settings) -> list[LabelledImages]:
    return preparation.run(Job("drawing", draw, settings, LabelledImages), [(number,) for number in range(COUNT)])


def test_only_what_is_missing_or_changed_is_made(preparation: Preparation, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("one")
    settings = Settings(str(tmp_path / "journal"), source=source)
    whole, second_part = list(range(COUNT)), list(range(PART_SIZE, COUNT))

    first = prepare(preparation, settings)
    assert made(settings) == whole
    assert [int(one.labels[0]) for one in first] == whole, "results are in the order of the tasks"

    again = prepare(preparation, settings)
    assert made(settings) == []
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.images, other.images)
        assert other.images.dtype == np.uint8
        assert other.labels.dtype == np.int64

    smallest = min(preparation.folder.iterdir(), key=lambda path: path.stat().st_size)
    smallest.write_bytes(smallest.read_bytes()[:-4])
    prepare(preparation, settings)
    assert made(settings) == second_part, "a damaged part is made anew"

    other_factor = Settings(settings.journal, 2, source)
    assert [int(one.labels[1]) for one in prepare(preparation, other_factor)] == [2 * number for number in whole]
    assert made(settings) == whole, "other settings"

    source.write_text("three")
    prepare(preparation, settings)
    assert made(settings) == whole, "another source file"


def test_phases_begin_with_what_is_kept(preparation: Preparation) -> None:
    phases: list[Phase] = []
    watched = Preparation(preparation.folder, phases.append)
    job, tasks = Job("cutting", cut, None, list[RealStrip]), [(number,) for number in range(COUNT)]
    strips = watched.run(job, tasks)
    assert [len(one) for one in strips] == list(range(COUNT))
    assert (strips[1][0].text, strips[1][0].edges, strips[1][0].image[0, 0, 0]) == ("1", ((0.5, 2.5),), 1)
    assert phases == [Phase("cutting", done, COUNT) for done in (0, PART_SIZE, COUNT)]

    phases.clear()
    watched.run(job, tasks)
    assert phases == [Phase("cutting", COUNT, COUNT)]
    phases.clear()
    assert watched.run(job, []) == []
    assert phases == [], "where nothing is to do, nothing is said"


def test_a_killed_process_and_a_full_disk_are_named(preparation: Preparation, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="a process was killed while cutting; free memory"):
        preparation.run(Job("cutting", be_killed, None, int), [(1,)])
    preparation.folder.write_text("a file in the place of the folder")
    with pytest.raises(OutputError, match=r"prepared cannot be written \(.*\); free space or name another --out"):
        prepare(preparation, Settings(str(tmp_path / "journal")))
