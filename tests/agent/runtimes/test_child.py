from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.runtimes.child import ChildResult, Failure, run_child, run_without_failing_items
from tests.waiting import wait_until


def python(program: str) -> tuple[str, ...]:
    return sys.executable, "-c", program


REPORT_START_2 = "print('{\"started\": 2}', flush=True); "
REPORT_ERROR = "from agent.runtimes.child import report_error as r; from profiles.errors import SourceError as S; "


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "failure"),
    [
        ("", ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "illegal instruction (SIGILL)"),
        ("import ctypes; ctypes.string_at(0)", "a crash (SIGSEGV)"),
        ("import os; os.abort()", "an abort (SIGABRT)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "lack of memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGUSR1)", "died of SIGUSR1"),
        ("import time; time.sleep(60)", "no answer within 3 s"),
        ("import no_such_runtime", "No module named 'no_such_runtime'"),
        ("import sys; sys.exit('first line\\nlast line')", "last line"),
        ("import sys; sys.exit(3)", "ended with code 3"),
        (REPORT_ERROR + "r(S('no camera', advice='plug it in')); exit(1)", "no camera; plug it in"),
    ],
)
def test_failure_of_a_child_is_described(program: str, failure: str) -> None:
    result = run_child(python(REPORT_START_2 + program), b"", timeout_s=3 if "sleep" in program else 90)
    assert failure in str(result.failure or "")
    assert (result.failure is None) == (not failure)
    assert result.last_started == 2


def test_error_that_a_child_reports_keeps_its_advice_separate() -> None:
    program = f"{REPORT_ERROR} r(S('no camera', advice='plug it in')); exit(1)"
    assert run_child(python(program), b"", 90).failure == Failure("no camera", "plug it in")


@pytest.mark.slow
def test_progress_reports_the_last_started_item() -> None:
    reports: list[tuple[int | None, float]] = []
    program = f"{REPORT_START_2} import time; time.sleep(60)"
    result = run_child(python(program), b"", 4.0, lambda number, seconds: reports.append((number, seconds)))
    assert "no answer within 4 s" in str(result.failure)
    assert reports[-1][0] == result.last_started == 2
    assert all(0 < seconds < 30 for _, seconds in reports)


def test_only_complete_lines_of_json_are_answers() -> None:
    program = (
        """print('INFO'); print('{"started": 0}'); print('{not JSON}'); print('[1]'); print('{"seconds": 1.5}'); """
        """print('{"started": 1', end='')"""
    )
    assert run_child(python(program), b"", 90).answers == ({"started": 0}, {"seconds": 1.5})


def test_child_gets_the_request_and_can_import_our_packages() -> None:
    program = "import sys, json, agent; print(json.dumps({'got': sys.stdin.read(), 'agent': agent.__file__}))"
    import agent

    assert run_child(python(program), b"a request", 90).answers == ({"got": "a request", "agent": agent.__file__},)


def test_a_child_gets_no_more_memory_than_it_may() -> None:
    program = f"{REPORT_START_2} print(len(bytes(2**20 * 300)), flush=True); bytes(2**20 * 700)"
    assert run_child(python(program), b"", 90).failure is None
    result = run_child(python(program), b"", 90, memory_bytes=2**29)
    assert result.last_started == 2
    assert result.failure == Failure("MemoryError; at most 512 MB of memory were allowed")


PARENT = """
import sys
from agent.runtimes.child import run_child
run_child((sys.executable, "-c", sys.argv[1]), b"{}", 600)
"""
CHILD = """
import os, sys, time
from agent.runtimes.child import read_request
read_request(dict)
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_child_ends_with_its_parent(tmp_path: Path, number: int) -> None:
    ready = tmp_path / "pid"
    program = CHILD.replace("sys.argv[1]", repr(str(ready)))
    parent = subprocess.Popen([sys.executable, "-c", PARENT, program])
    wait_until(lambda: ready.exists() and ready.read_text() != "")
    parent.send_signal(number)
    parent.wait(60)
    wait_until(lambda: not is_running(int(ready.read_text())))


def is_running(pid: int) -> bool:
    """Whether a process exists and is not a zombie, which nobody may have waited for."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("items", "good", "bad"),
    [
        ("abc", "abc", ""),
        ("aXc", "ac", "X"),
        ("XbX", "b", "XX"),
        ("XX", "", "XX"),
    ],
)
def test_item_that_crashes_a_child_is_skipped(items: str, good: str, bad: str) -> None:
    def run(left: Sequence[str]) -> ChildResult:
        text = "".join(left)
        last = text.find("X") if "X" in text else len(text) - 1
        failure = Failure("died of X") if "X" in text else None
        return ChildResult(tuple({"started": i} for i in range(last + 1)), failure)

    _, finished, failed = run_without_failing_items(list(items), run)
    assert finished == list(good)
    assert failed == [(item, Failure("died of X")) for item in bad]


def test_child_that_crashes_before_its_first_item_fails_all_items() -> None:
    failure = Failure("died at once")
    _, finished, failed = run_without_failing_items(["a", "b"], lambda _: ChildResult((), failure))
    assert (finished, failed) == ([], [("a", failure), ("b", failure)])


@pytest.mark.slow
def test_child_that_starts_slowly_gets_a_long_request_completely() -> None:
    program = "import sys, time; time.sleep(1.5); print('{\"bytes\": %d}' % len(sys.stdin.buffer.read()))"
    assert run_child(python(program), bytes(1_000_000), 60).answers == ({"bytes": 1_000_000},)


def test_child_may_exit_without_reading_its_request() -> None:
    assert run_child(python("print('{}')"), bytes(1_000_000), 60) == ChildResult(({},), None)
