from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.capture.outage import Outage
from agent.events import FaultEvent, FrameEvent, OutageEvent, RunInfo, Vitals
from agent.paths import LOG_FILE_NAME
from agent.telemetry.report import report
from agent.telemetry.sink import LogSink
from profiles.errors import SourceError
from tests.waiting import wait_until

MakeEvent = Callable[..., FrameEvent]


def must_not_warn(message: str) -> None:
    raise AssertionError(message)


def begun(path: Path) -> bool:
    """Whether the log has a run."""
    try:
        return bool(report(path).choices)
    except SourceError:
        return False


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path, info: RunInfo, make_event: MakeEvent) -> None:
    path = tmp_path / "state" / LOG_FILE_NAME
    sink = LogSink(path, lambda: info, must_not_warn)
    for number in range(100):
        vitals = Vitals(number // 50 * 10**9, 2000.0 + 100 * (number // 50), 48.5, ("throttled",))
        texts = ("42",) if number == 7 else ()
        sink.take(make_event(number, *texts, total_ms=2.0 + number, vitals=vitals))
    sink.take(FaultEvent("bar.jpg cannot be read"))
    sink.take(OutageEvent(Outage(1.0, 1.0, "not logged")))
    sink.close()

    content = report(path)
    (run,), (reading,), (fault,), (choice,) = content.runs, content.readings, content.faults, content.choices
    assert (run.source, run.board, run.power_sensor, run.ended) == ("demo, seed 1", "pi5", "PMIC rails", True)
    assert (run.artifact, run.reason, run.frames, run.lost) == ("plain-int8.tflite", "fastest of 4", 100, 0)
    assert (reading.text, reading.frame, reading.source, reading.confidence) == ("42", 7, "demo:", 0.9)
    assert (reading.x, reading.y, reading.w, reading.h) == (1, 2, 16, 12)
    assert (fault.text, choice.artifact) == ("bar.jpg cannot be read", "plain-int8.tflite")
    day = content.days[0]
    assert (day.frames, day.readings, day.faults) == (100, 1, 1)
    assert [stage.stage for stage in day.latency] == ["age", "total"]
    assert day.total is not None
    assert (day.total.p50_ms, day.total.p99_ms) == pytest.approx((51.0, 100.0), rel=0.01)
    assert (day.energy_mj, day.mean_mw, day.max_mw, day.max_c, day.throttled_s) == (2050.0, 2050.0, 2100.0, 48.5, 1.0)


def test_readings_are_written_while_the_run_goes_on(tmp_path: Path, info: RunInfo, make_event: MakeEvent) -> None:
    path = tmp_path / LOG_FILE_NAME
    with closing(LogSink(path, lambda: info, must_not_warn, batch_s=0.05)) as sink:
        wait_until(lambda: begun(path))
        sink.take(make_event(0, "42"))
        wait_until(lambda: len(report(path).readings) == 1)
        assert not report(path).runs[0].ended
    assert report(path).runs[0].ended


def test_a_change_of_the_net_is_logged(tmp_path: Path, info: RunInfo, make_event: MakeEvent) -> None:
    path, now = tmp_path / LOG_FILE_NAME, [info]
    with closing(LogSink(path, lambda: now[0], must_not_warn, batch_s=0.02)) as sink:
        sink.take(make_event(0))
        wait_until(lambda: begun(path))
        now[0] = replace(info, artifact="other.onnx", reason="the best failed")
    assert [choice.artifact for choice in report(path).choices] == ["other.onnx", "plain-int8.tflite"]
    assert report(path).runs[0].artifact == "other.onnx"


def test_runs_add_to_the_same_log(tmp_path: Path, info: RunInfo, make_event: MakeEvent) -> None:
    for _ in range(3):
        with closing(LogSink(tmp_path / LOG_FILE_NAME, lambda: info, must_not_warn)) as sink:
            sink.take(make_event(0))
    assert [run.id for run in report(tmp_path / LOG_FILE_NAME).runs] == [3, 2, 1]


@pytest.mark.slow
def test_every_reading_of_a_long_run_is_stored_once_while_the_log_is_read(
    tmp_path: Path, info: RunInfo, make_event: MakeEvent
) -> None:
    """A thread that warns, a thread that reads the log repeatedly, and a source that is faster than any camera."""
    path, frames, over = tmp_path / LOG_FILE_NAME, 30_000, threading.Event()
    sink = LogSink(path, lambda: info, must_not_warn, wait=True, batch_s=0.02)
    wait_until(lambda: begun(path))

    def read() -> None:
        while not over.wait(0.05):
            report(path, last=1)

    def warn() -> None:
        for number in range(200):
            sink.take(FaultEvent(f"warning {number}"))
            time.sleep(0.001)

    others = [threading.Thread(target=read), threading.Thread(target=warn)]
    for other in others:
        other.start()
    for number in range(frames):
        sink.take(make_event(number, *([str(number)] if number % 2 else [])))
    others[1].join()
    sink.close()
    over.set()
    others[0].join()
    content = report(path, last=-1)
    assert [reading.text for reading in content.readings] == [str(number) for number in range(frames - 1, 0, -2)]
    assert [fault.text for fault in content.faults] == [f"warning {number}" for number in range(199, -1, -1)]
    assert (content.days[0].frames, content.days[0].readings, content.runs[0].lost) == (frames, frames // 2, 0)


def test_a_log_that_cannot_be_opened_is_reported_once_and_the_run_goes_on(
    tmp_path: Path, info: RunInfo, make_event: MakeEvent
) -> None:
    (tmp_path / "a-file").write_text("")
    path, warnings = tmp_path / "a-file" / LOG_FILE_NAME, list[str]()
    sink = LogSink(path, lambda: info, warnings.append, wait=True, batch_s=0.02)
    for number in range(100):
        sink.take(make_event(number, *["1"] * 300))
    sink.close()
    (line,) = warnings
    assert f"logging to {path} stopped (" in line
    assert "\n" not in line


def test_a_log_in_memory_works(info: RunInfo, make_event: MakeEvent) -> None:
    folder = Path("/dev/shm")  # where Linux has RAM for files
    if not folder.is_dir():
        pytest.skip("no /dev/shm here")
    path = folder / f"digit-agent-test-{time.monotonic_ns()}.db"
    try:
        with closing(LogSink(path, lambda: info, must_not_warn)) as sink:
            sink.take(make_event(0, "42"))
        assert report(path).readings[0].text == "42"
    finally:
        path.unlink(missing_ok=True)


FIRST_START = """
import sys
from pathlib import Path
from agent.events import RunInfo
from agent.telemetry.sink import LogSink
from profiles.errors import SourceError

sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.readline()
info = RunInfo("demo:", "pi5", "a.tflite", "ai-edge-litert", "fastest", None)
LogSink(Path(sys.argv[1]), lambda: info, print).close()
"""


@pytest.mark.slow
def test_agents_that_start_at_once_share_a_new_log(tmp_path: Path) -> None:
    path = tmp_path / LOG_FILE_NAME
    command = [sys.executable, "-c", FIRST_START, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    agents = [subprocess.Popen(command, **pipes) for _ in range(4)]  # type: ignore[call-overload]
    for agent in agents:
        assert agent.stdout.readline() == "ready\n"
    for agent in agents:
        agent.stdin.write("go\n")
        agent.stdin.flush()
    assert [agent.communicate(timeout=180)[0] for agent in agents] == [""] * len(agents)
    content = report(path)
    assert len(content.runs) == len(content.choices) == len(agents)
