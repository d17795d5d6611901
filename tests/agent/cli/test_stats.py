from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.live.tick import Counts, RunInfo, Tick, Vitals
from agent.telemetry.store import Store
from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.page import Page

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))
INFO = RunInfo("demo, seed 1", "pi5", "plain-int8.tflite", "ai-edge-litert", "fastest of 4", "PMIC rails")


def stats(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    command = [EXECUTABLE, "stats", *map(str, argv)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The log of two runs, the second with readings, power and an event."""
    path = tmp_path / "agent.db"
    Store(path, INFO, print).close()
    store = Store(path, INFO, print)
    for number in range(1, 101):
        news = (Reading("561247", Box(1, 2, 3, 4), 0.987, ()),) if number == 50 else ()
        vitals = Vitals(number // 50, 2000.0 + 10 * number, 48.5, ())
        latency = {"ink": 1.0 * number, "total": 2.0 * number}
        store.take(Tick(number, "demo:", None, Page(9, 9, (), (), {}), news, latency, 0, Counts(number), vitals))
    store.note("the camera gave no frame for 3 s")
    store.close()
    return path


def test_tables_tell_runs_readings_latency_and_power(log: Path) -> None:
    done = stats("--log", log)
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    for expected in (
        "demo, seed 1 plain-int8.tflite",
        "total 100 190 198 100",
        "561247 99% demo:",
        "Machine in run 2: pi5",
        "2.50 W 3.00 W 48.5 °C 0 3",
        "the camera gave no frame for 3 s",
        str(log.name),
    ):
        assert expected in words
    assert "\x1b" not in done.stdout


def test_where_a_name_is_too_long_the_net_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    Store(path, replace(INFO, source="/a/long/way/to/many/pictures/*.jpg, 300 pictures"), print).close()
    lines = stats("--log", path).stdout.splitlines()
    assert any(INFO.artifact in line for line in lines)
    assert max(map(len, lines[:-1])) <= 80


def test_json_tells_the_same_to_programs(log: Path) -> None:
    told = json.loads(stats("--log", log, "--json", "--last", "1").stdout)
    assert [run["id"] for run in told["runs"]] == [2]
    assert told["runs"][0]["power_sensor"] == "PMIC rails"
    assert told["latency"][1] == {"stage": "total", "frames": 100, "p50_ms": 100.0, "p95_ms": 190.0, "p99_ms": 198.0}
    assert told["readings"][0]["text"] == "561247"
    assert told["vitals"]["max_mw"] == 3000.0


@pytest.mark.parametrize("content", [None, b"not a database"])
def test_a_log_that_is_missing_or_damaged_is_one_clear_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    if content is not None:
        path.write_bytes(content)
    done = stats("--log", path)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert str(path) in line


def test_a_log_of_no_run_shows_an_empty_table(tmp_path: Path) -> None:
    from agent.telemetry.schema import open_for_writing

    open_for_writing(tmp_path / "agent.db").close()
    done = stats("--log", tmp_path / "agent.db")
    assert done.returncode == 0
    assert "Runs" in done.stdout
    assert "Latency" not in done.stdout
