"""Corrected readings become labelled pictures."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from agent.events import Counts, FrameEvent
from agent.telemetry.corrections import Correction, Verdict, correct
from agent.telemetry.corrections_export import Exported, export_corrections
from agent.telemetry.pictures import KeepPictures
from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.page import Page
from profiles.errors import OutputError, SourceError

MakeLog = Callable[..., Any]
EXECUTABLE = Path(sys.executable).with_name("digit-agent")
READ = ("247", "3.5", "11", "9")


@pytest.fixture
def log(make_log: MakeLog) -> Path:
    """A log with four readings; the last one has no cut-out."""
    image = np.full((60, 400, 3), 220, np.uint8)
    kept = make_log(pictures=KeepPictures("unsure", 2**20, draw=lambda: 1.0))
    for number, text in enumerate(READ):
        confidence = 1.0 if text == "9" else 0.5
        reading = Reading(text, Box(100 * number + 20, 20, 30, 20), confidence, ())
        page = Page(400, 60, (), (reading,), {})
        kept.buffer.add_frame(FrameEvent(number, "demo:", image, page, (reading,), {}, 0, Counts(number + 1), None))
    kept.close()
    return Path(kept.path)


def say(log: Path, reading: int, verdict: Verdict, text: str = "") -> None:
    correct(log, Correction(0, "", reading, verdict, text, "unsure"), 1_795_000_000_000)


def test_corrected_and_confirmed_readings_are_written_with_their_truth(log: Path, tmp_path: Path) -> None:
    say(log, 1, "number", "241")
    say(log, 2, "number", "3.5")
    say(log, 3, "not_a_number")
    say(log, 4, "number", "8")
    out = tmp_path / "out"
    assert export_corrections(log, out, group="anna") == Exported(pictures=3, wrong=2, without_picture=1)
    truth = json.loads((out / "truth.json").read_text())
    assert [(one["text"], one["lines"], one["read"]) for one in truth.values()] == [
        ("241", ["241"], "247"),
        ("3.5", ["35"], "3.5"),
        ("", [], "11"),
    ]
    assert {one["group"] for one in truth.values()} == {"anna"}
    for name, one in truth.items():
        height, width = np.asarray(cv2.imread(str(out / name))).shape[:2]
        x, y, w, h = one["box"]
        assert (w, h) == (30, 20)
        assert x + w <= width < 120
        assert y + h <= height
    assert json.loads((out / "export.json").read_text()) == {"format": 1, "pictures": 3, "without_picture": 1}


def test_a_reading_of_which_nobody_could_tell_is_left_out(log: Path, tmp_path: Path) -> None:
    say(log, 1, "cannot_tell")
    with pytest.raises(OutputError, match="has no corrected reading with a picture; correct readings on the web page"):
        export_corrections(log, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_a_folder_with_files_is_kept(log: Path, tmp_path: Path) -> None:
    say(log, 1, "number", "241")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("Dear Anna")
    with pytest.raises(OutputError, match="mine is not empty; name a new folder"):
        export_corrections(log, tmp_path / "mine")
    (tmp_path / "empty").mkdir()
    assert export_corrections(log, tmp_path / "empty").pictures == 1


def test_a_missing_log_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no log at"):
        export_corrections(tmp_path / "none.db", tmp_path / "out")


@pytest.mark.slow
def test_the_command_says_what_it_wrote(log: Path, tmp_path: Path) -> None:
    say(log, 1, "number", "241")
    say(log, 4, "number", "9")
    command = [str(EXECUTABLE), "corrections", "export", "out", "--log", str(log)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.stdout, done.stderr) == ("out has 1 picture, 1 of them read wrongly; 1 more have no picture\n", "")
    again = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (again.stderr, again.returncode) == ("digit-agent: out is not empty; name a new folder\n", 1)
