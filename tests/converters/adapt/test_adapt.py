"""What `digit-convert adapt` refuses; `tests/test_learning_loop.py` adapts nets to a strange hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agent.learn.judge import PairedComparison, compare
from agent.learn.learn import Lesson
from agent.telemetry.corrections_export import export_corrections
from converters.adapt.adapt import _is_no_worse, _write_checkpoints
from converters.checkpoint import SHIPPED, load
from tests.agent.cli.test_learn import write_log
from tests.agent.learn.strange_hand import write_number

pytestmark = pytest.mark.slow

needs_mnist = pytest.mark.skipif("DIGIT_DATA_DIR" not in os.environ, reason="needs MNIST: set DIGIT_DATA_DIR")


def run_adapt(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("digit-convert")), "adapt", "--corrections", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def export(tmp_path: Path, texts: list[str]) -> Path:
    """Export a log with numbers of the strange hand, corrected to these texts."""
    write_log(tmp_path / "agent.db", texts)
    export_corrections(tmp_path / "agent.db", tmp_path / "corrections")
    return tmp_path / "corrections"


def test_a_folder_with_files_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("Dear Anna")
    done = run_adapt(tmp_path, "--out", str(tmp_path))
    assert done.stderr == f"digit-convert: {tmp_path} is not empty; name a new folder\n"


def test_a_base_that_does_not_ship_is_named(tmp_path: Path) -> None:
    done = run_adapt(tmp_path, "--out", str(tmp_path / "adapted"), "--base", "huge")
    assert done.returncode == 2
    assert done.stderr == (
        "digit-convert: there is no base 'huge'; the nets that ship are: base, nano, recogniser, small, verifier\n"
    )


def test_a_classifier_without_a_lesson_stays_as_it_ships(tmp_path: Path) -> None:
    identity = np.eye(12, 11, dtype=np.float32)
    nothing = compare([], [])
    lesson = Lesson(
        {"classifier": identity}, compare([False], [True]), 0, {"classifier": np.eye(11, dtype=np.float32)}, nothing
    )
    files = {file.name: load(file) for file in _write_checkpoints(tmp_path, {"nano": lesson})}
    assert files["nano.pt"].recipe == "nano-strokes, adapted: 0 to 1 of 1 corrections right"
    for file in SHIPPED:
        if file.name != "nano.pt":
            assert files[file.name].recipe == load(file).recipe


@pytest.mark.parametrize(
    ("corrections", "drawn", "expected"),
    [
        (compare([False], [False]), compare([True], [True]), True),
        (compare([True], [False]), compare([True], [True]), False),
        (compare([False], [True]), compare([True], [False]), False),
    ],
)
def test_a_larger_classifier_learns_only_if_nothing_is_read_worse(
    corrections: PairedComparison, drawn: PairedComparison, *, expected: bool
) -> None:
    assert _is_no_worse(Lesson({}, corrections, 0, {}, drawn)) is expected


@needs_mnist
def test_nonsense_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    corrections = export(tmp_path, [write_number(seed + 500).text for seed in range(6)])
    done = run_adapt(corrections, "--out", str(tmp_path / "adapted"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("digit-convert: the corrections are not read better beyond chance: ")
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith("agent.db")} == {"corrections"}
