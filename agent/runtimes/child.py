"""Child processes for work that may crash or hang.

The child reads its items as JSON from stdin, calls `report_start(i)` before item i, and prints one JSON object per
line. If the child dies, the last started item is the cause, and the other items are tried again without it. A child
ends with its parent, and may get a limit of its memory.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from profiles.errors import DigitAgentError

T = TypeVar("T")

PROGRESS_INTERVAL_S = 1.0
PARENT_VARIABLE = "DIGIT_AGENT_PARENT_PID"
"""Environment variable of a child with the process ID of its parent."""
SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG: prctl(2)."""
MEMORY_WORDS = ("alloc", "memory")
"""Parts of the messages of runtimes that got no memory."""
SIGNAL_CAUSES = {
    signal.SIGILL: "an illegal instruction (SIGILL), so this build was made for another processor",
    signal.SIGSEGV: "a crash (SIGSEGV)",
    signal.SIGABRT: "an abort (SIGABRT)",
    signal.SIGBUS: "a bus error (SIGBUS)",
    signal.SIGKILL: "a kill (SIGKILL), probably for lack of memory",
}


@dataclass(frozen=True)
class Failure:
    """Reason why a child, or one of its items, failed."""

    what: str
    advice: str = ""
    """What to do next; empty if unknown."""

    def __str__(self) -> str:
        return f"{self.what}; {self.advice}" if self.advice else self.what


@dataclass(frozen=True)
class ChildResult:
    """Output of a child process."""

    answers: tuple[dict[str, Any], ...]
    """JSON objects that the child printed."""
    failure: Failure | None
    """Why the child did not finish; None if it finished."""

    @property
    def last_started(self) -> int | None:
        """Index of the item that the child started last; None if it started none."""
        return next((int(answer["started"]) for answer in reversed(self.answers) if "started" in answer), None)


def python_module(name: str) -> tuple[str, ...]:
    """Return the command that runs a module with the current Python interpreter."""
    return sys.executable, "-m", name


def run_child(
    command: Sequence[str],
    request: bytes,
    timeout_s: float,
    progress: Callable[[int | None, float], None] = lambda _number, _seconds: None,
    *,
    memory_bytes: int | None = None,
) -> ChildResult:
    """Run a command with a request on its stdin. The child can import the same packages as this process.

    Args:
        command: starts the child.
        request: content of the child's stdin.
        timeout_s: time after which the child is killed.
        progress: called about once a second with the index of the last started item and the elapsed seconds.
        memory_bytes: largest memory for data, of this process and its threads; None is no limit.
    """
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path),
        PARENT_VARIABLE: str(os.getpid()),
        "OPENBLAS_NUM_THREADS": "1",  # nets do not use it, and each of its threads takes 40 MB of memory for data
    }
    pipe, started_s = subprocess.PIPE, time.monotonic()
    # The working folder is /, because `python -m` imports modules from the working folder first.
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environ, cwd="/") as process:
        if memory_bytes is not None:
            _limit_memory(process.pid, memory_bytes)
        _feed(process, request)
        answers: tuple[dict[str, Any], ...] = ()
        try:
            while (left_s := started_s + timeout_s - time.monotonic()) > 0:
                try:
                    stdout, stderr = process.communicate(timeout=min(left_s, PROGRESS_INTERVAL_S))
                except subprocess.TimeoutExpired as waiting:  # noqa: PERF203
                    answers = _json_lines(waiting.stdout or b"")
                    progress(ChildResult(answers, None).last_started, time.monotonic() - started_s)
                else:
                    answers = _json_lines(stdout)
                    return ChildResult(answers, _failure(answers, process.returncode, stderr, memory_bytes))
            return ChildResult(answers, Failure(f"no answer within {timeout_s:g} s"))
        finally:
            process.kill()


def _feed(process: subprocess.Popen[bytes], request: bytes) -> None:
    """Write the request to the child's stdin in a separate thread.

    `communicate` drops the unwritten rest when its timeout expires. A child that starts slowly would never get the end
    of a request that is longer than the pipe's buffer.
    """

    def write(stdin: IO[bytes]) -> None:
        with suppress(BrokenPipeError), stdin:
            stdin.write(request)

    assert process.stdin is not None
    threading.Thread(target=write, args=(process.stdin,), daemon=True).start()
    process.stdin = None  # otherwise `communicate` closes it


def _limit_memory(pid: int, memory_bytes: int) -> None:
    """Limit the private memory that a process can write to; libraries and what a GPU maps do not count."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    with suppress(ProcessLookupError):  # it has ended already
        resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))


def run_without_failing_items(
    items: Sequence[T], run: Callable[[Sequence[T]], ChildResult]
) -> tuple[ChildResult, list[T], list[tuple[T, Failure]]]:
    """Run a child with all items. If one fails, run it again without that item, until a child finishes.

    Returns:
        The result of the last child; the items with which it finished; the failed items with their failures.
    """
    left, failed = list(items), list[tuple[T, Failure]]()
    while True:
        result = run(left)
        if result.failure is None:
            return result, left, failed
        if result.last_started is None:
            return result, [], [*failed, *((item, result.failure) for item in left)]
        failed.append((left.pop(result.last_started), result.failure))
        if not left:
            return result, left, failed


def read_request(type_: type[T]) -> T:
    """Read the request from stdin, and end with the parent from now on. Call it first in the child."""
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.environ.get(PARENT_VARIABLE, str(os.getppid())) != str(os.getppid()):
        sys.exit("the parent has ended")
    return msgspec.json.decode(sys.stdin.buffer.read(), type=type_)


def report_start(item: int) -> None:
    """Report to the parent process that the child starts an item. Call it in the child, before the item can crash."""
    print_answer({"started": item})


def report_error(error: DigitAgentError) -> None:
    """Report an error to the parent process. The child must then exit with a code other than 0."""
    print_answer({"error": error.what, "advice": error.advice})


def print_answer(answer: dict[str, Any]) -> None:
    """Print one object as a line of JSON; call it in the child."""
    sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
    sys.stdout.flush()


def _json_lines(stdout: bytes) -> tuple[dict[str, Any], ...]:
    """Decode the complete lines with a JSON object; a runtime may print other lines, and a killed child half a line."""
    answers = list[dict[str, Any]]()
    for line in stdout.split(b"\n")[:-1]:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            answers.append(msgspec.json.decode(line, type=dict[str, Any]))
    return tuple(answers)


def _failure(
    answers: Sequence[dict[str, Any]], code: int, stderr: bytes, memory_bytes: int | None = None
) -> Failure | None:
    if code == 0:
        return None
    lines = stderr.decode(errors="replace").strip().splitlines()
    what, advice = lines[-1] if lines else f"ended with code {code}", ""
    if code < 0:
        number = signal.Signals(-code)
        what = f"died of {SIGNAL_CAUSES.get(number, number.name)}"
    elif answers and "error" in answers[-1]:
        what, advice = str(answers[-1]["error"]), str(answers[-1].get("advice", ""))
    if memory_bytes is not None and any(word in f"{what} {' '.join(lines)}".lower() for word in MEMORY_WORDS):
        what = f"{what}; at most {memory_bytes >> 20} MB of memory were allowed"
    return Failure(what, advice)
