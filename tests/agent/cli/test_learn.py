"""`digit-agent learn`: a hand that is read badly is read better after its numbers were corrected."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent import Reader
from agent.events import Counts, FrameEvent
from agent.learn.learn import is_right
from agent.telemetry.corrections import Correction, correct
from agent.telemetry.pictures import KeepPictures
from agent.vision.lines import Reading
from agent.vision.page import Page
from tests.agent.learn.strange_hand import write_number
from tests.agent.telemetry.conftest import ManualClock, ManualLog

pytestmark = pytest.mark.slow

CORRECTIONS = 24


def run_learn(log: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("digit-agent")), "learn", "--log", str(log), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write_log(path: Path, texts: list[str]) -> None:
    """Write a log with numbers of the strange hand, corrected to these texts."""
    log = ManualLog(path, ManualClock(), pictures=KeepPictures("all", 2**22))
    for seed in range(len(texts)):
        number = write_number(seed)
        reading = Reading("?", number.box, 0.5, ())
        height, width = number.image.shape[:2]
        page = Page(width, height, (), (reading,), {})
        event = FrameEvent(seed, "demo:", number.image, page, (reading,), {}, 0, Counts(seed + 1), None)
        log.buffer.add_frame(event)
    log.close()
    for reading_id, text in enumerate(texts, 1):
        correct(path, Correction(0, "", reading_id, "number", text, "unsure"), 1_795_000_000_000)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("board") / "agent.db"
    write_log(path, [write_number(seed).text for seed in range(CORRECTIONS)])
    return path


def test_a_strange_hand_is_read_better_and_everything_can_be_undone(log: Path) -> None:
    unseen = [write_number(seed) for seed in range(1000, 1030)]
    learned = log.with_name("learned.json")
    before = sum(is_right(Reader(learned=learned).read(one.image), one) for one in unseen)
    done = run_learn(log, "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["kept"]
    assert shown["corrections"] == CORRECTIONS
    assert shown["right_after"] > shown["right_before"]
    assert shown["drawn_right_after"] >= shown["drawn_right_before"] - 1
    after = sum(is_right(Reader(learned=learned).read(one.image), one) for one in unseen)
    assert after >= before + 3
    undone = run_learn(log, "--undo")
    assert f"forgotten: {learned} is deleted" in undone.stdout
    assert not learned.exists()
    assert run_learn(log, "--undo").stdout == f"nothing was learned: no {learned}\n"


def test_nonsense_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    write_log(path, [write_number(seed + 500).text for seed in range(10)])
    done = run_learn(path)
    assert done.returncode == 1
    assert "\nnot kept: " in done.stdout
    assert not path.with_name("learned.json").exists()


def test_a_log_without_corrections_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    write_log(path, [])
    done = run_learn(path)
    assert done.stderr.strip().endswith(
        f"{path} has no corrected reading with a picture; correct readings on the web page"
    )
    assert done.returncode == 1


def test_a_run_looks_for_what_was_learned_beside_its_log(tmp_path: Path) -> None:
    (tmp_path / "learned.json").write_text("{")
    program = str(Path(sys.executable).with_name("digit-agent"))
    arguments = [program, "run", "--source", "demo:?frames=3", "--log", str(tmp_path / "agent.db"), "--no-dashboard"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"what was learned from corrections is not used: {tmp_path / 'learned.json'} is damaged" in done.stderr
