from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.live.tick import Counts, RunInfo, Tick, Vitals
from agent.telemetry.report import report
from agent.telemetry.schema import FILE_NAME, default_path, open_for_writing
from agent.telemetry.store import Store
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Reading
from agent.vision.page import Page
from profiles.errors import SourceError

INFO = RunInfo("demo:", "generic-x86", "digits-int8.tflite", "ai-edge-litert", "fastest of 4", None)


def tick(number: int, text: str = "", vitals: Vitals | None = None) -> Tick:
    digits = tuple(Digit(int(sign), 0.9, Box(8 * place, 3, 7, 12)) for place, sign in enumerate(text))
    news = (Reading(text, Box(0, 3, 8 * len(text), 12), 0.9, digits),) if text else ()
    latency_ms = {"age": 1.0, "ink": 2.0 + number % 100, "total": 4.0 + number % 100}
    counts = Counts(number + 1, 0, number, number)
    return Tick(number, "demo:", None, Page(64, 48, digits, news, {}), news, latency_ms, number, counts, vitals)


def never(message: str) -> None:
    raise AssertionError(message)


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "state" / FILE_NAME
    store = Store(path, INFO, never)
    for number in range(100):
        vitals = Vitals(number // 50, 2000.0 + number, 48.5, ("throttled",))
        store.take(tick(number, "42" if number == 7 else "", vitals))
    store.note("bar.jpg cannot be read")
    store.close()

    told = report(path)
    (run,) = told.runs
    assert (run.source, run.board, run.reason, run.power_sensor) == ("demo:", "generic-x86", "fastest of 4", None)
    assert (run.frames, run.digits) == (100, 99)
    assert run.ended_at is not None
    (reading,) = told.readings
    assert (reading.text, reading.x, reading.y, reading.w, reading.h) == ("42", 0, 3, 16, 12)
    assert [stage.stage for stage in told.latency] == ["age", "ink", "total"]
    assert (told.latency[1].p50_ms, told.latency[1].p95_ms, told.latency[1].p99_ms) == (51.0, 96.0, 100.0)
    assert (told.vitals.samples, told.vitals.mean_mw, told.vitals.max_c) == (2, 2025.0, 48.5)
    assert [event.text for event in told.events] == ["bar.jpg cannot be read"]


def test_rows_are_written_in_batches_by_time_and_by_number(tmp_path: Path) -> None:
    now_s = 0.0
    store = Store(tmp_path / FILE_NAME, INFO, never, batch_s=5.0, clock=lambda: now_s)

    def frames() -> int:
        return report(tmp_path / FILE_NAME).runs[0].frames

    store.take(tick(0))
    assert frames() == 0
    now_s = 5.0
    store.take(tick(1))
    assert frames() == 2
    for number in range(2, 700):
        store.take(tick(number))
    assert 600 < frames() < 700
    store.close()
    assert frames() == 700


def test_a_run_that_was_cut_off_has_no_end(tmp_path: Path) -> None:
    store = Store(tmp_path / FILE_NAME, INFO, never, batch_s=0.0)
    store.take(tick(0, "42"))
    told = report(tmp_path / FILE_NAME)
    assert told.runs[0].ended_at is None
    assert told.readings[0].text == "42"
    store.close()


def test_the_file_keeps_to_its_size_and_readings_outlive_latency(tmp_path: Path) -> None:
    path, max_bytes = tmp_path / FILE_NAME, 200_000
    store = Store(path, INFO, never, max_bytes=max_bytes)
    for number in range(20_000):
        store.take(tick(number, "42" if number % 100 == 0 else ""))
    store.close()
    assert path.stat().st_size < 1.5 * max_bytes
    told = report(path, last=1000)
    assert len(told.readings) == 200
    assert told.latency[0].frames < 20_000
    assert told.runs[0].frames == 20_000


def test_runs_add_to_the_same_log(tmp_path: Path) -> None:
    for _ in range(3):
        store = Store(tmp_path / FILE_NAME, INFO, never)
        store.take(tick(0))
        store.close()
    assert [run.id for run in report(tmp_path / FILE_NAME).runs] == [3, 2, 1]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a-file/agent.db", None), ("damaged.db", b"no database at all, but long enough to look at" * 100)],
)
def test_a_log_that_cannot_be_opened_is_said_once_and_the_run_goes_on(
    name: str, content: bytes | None, tmp_path: Path
) -> None:
    (tmp_path / "a-file").write_text("")
    path, said = tmp_path / name, list[str]()
    if content:
        path.write_bytes(content)
    store = Store(path, INFO, said.append)
    for number in range(3000):
        store.take(tick(number))
    store.note("still here")
    store.close()
    assert len(said) == 1
    assert str(path) in said[0]
    assert content is None or path.read_bytes() == content


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from test_store import INFO, Store, tick
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
store = Store(Path(sys.argv[1]), INFO, print)
for number in range(20_000):
    store.take(tick(number, "42" if number < 5 else ""))
store.close()
"""


def test_a_disk_that_fills_up_stops_the_log_and_keeps_what_was_written(tmp_path: Path) -> None:
    """A file size limit stands for the full disk: SQLite meets a real failed write."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    path, here = tmp_path / FILE_NAME, Path(__file__)
    command = [sys.executable, "-c", FULL_DISK, str(path), str(here.parent), str(here.parents[3])]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "TMPDIR": "/tmp"})
    assert done.stdout.count("\n") == 1
    assert f"logging to {path} stopped" in done.stdout
    assert len(report(path).readings) == 5


def test_a_log_of_another_version_is_left_alone(tmp_path: Path) -> None:
    path, said = tmp_path / FILE_NAME, list[str]()
    open_for_writing(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    Store(path, INFO, said.append).close()
    assert "schema 99" in said[0]
    with pytest.raises(SourceError, match="schema 99"):
        report(path)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path, said = tmp_path / "photos.db", list[str]()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE photos (name TEXT)")
    connection.close()
    before = path.read_bytes()
    Store(path, INFO, said.append).close()
    assert "another program's database" in said[0]
    assert path.read_bytes() == before


FIRST_START = """
import sys
from pathlib import Path
from agent.live.tick import RunInfo
from agent.telemetry.store import Store

sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.readline()
Store(Path(sys.argv[1]), RunInfo("demo:", "pi5", "a.tflite", "ai-edge-litert", "fastest", None), print).close()
"""


def test_agents_that_start_at_once_share_a_new_log(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    command = [sys.executable, "-c", FIRST_START, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    agents = [subprocess.Popen(command, **pipes) for _ in range(6)]  # type: ignore[call-overload]
    for agent in agents:
        assert agent.stdout.readline() == "ready\n"
    for agent in agents:
        agent.stdin.write("go\n")
        agent.stdin.flush()
    assert [agent.communicate(timeout=60)[0] for agent in agents] == [""] * len(agents)
    assert len(report(path).runs) == len(agents)


@pytest.mark.parametrize("content", [None, b"", b"SQLite format 3\0" + b"\xff" * 5000, b"text"])
def test_a_log_that_cannot_be_read_back_is_one_clear_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=str(path)) as raised:
        report(path)
    assert "\n" not in str(raised.value)


def test_an_empty_log_reports_nothing(tmp_path: Path) -> None:
    open_for_writing(tmp_path / FILE_NAME).close()
    told = report(tmp_path / FILE_NAME)
    assert (told.runs, told.readings, told.latency, told.vitals.samples) == ((), (), (), 0)


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({"STATE_DIRECTORY": "/var/lib/digit-agent", "XDG_STATE_HOME": "/x"}, "/var/lib/digit-agent/agent.db"),
        ({"STATE_DIRECTORY": "/var/lib/one:/var/lib/two"}, "/var/lib/one/agent.db"),
        ({"XDG_STATE_HOME": "/x"}, "/x/digit-agent/agent.db"),
        ({"XDG_STATE_HOME": "relative"}, str(Path.home() / ".local/state/digit-agent/agent.db")),
        ({}, str(Path.home() / ".local/state/digit-agent/agent.db")),
    ],
)
def test_the_log_lies_where_the_system_keeps_state(environment: Mapping[str, str], path: str) -> None:
    assert default_path(environment) == Path(path)
