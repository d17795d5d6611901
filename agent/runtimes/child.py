"""Work that may crash or hang, done in a child process: its end becomes a reason in words.

The child reads its items as JSON from stdin, calls `begin(i)` before item i, and prints JSON objects, one a line.
So when it dies, the item that it had begun is to blame, and the others are tried again without it.
"""

from __future__ import annotations

import os
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

T = TypeVar("T")

HEAR_S = 1.0
DEATHS = {
    signal.SIGILL: "an illegal instruction (SIGILL), so this build was made for another processor",
    signal.SIGSEGV: "a crash (SIGSEGV)",
    signal.SIGABRT: "an abort (SIGABRT)",
    signal.SIGBUS: "a bus error (SIGBUS)",
    signal.SIGKILL: "a kill (SIGKILL), probably for want of memory",
}


@dataclass(frozen=True)
class Ending:
    """How a child ended."""

    said: tuple[dict[str, Any], ...]
    """The JSON objects that it printed."""
    death: str
    """What stopped it, in words; empty when it finished."""

    @property
    def begun(self) -> int | None:
        """The item that it began last; None when it began none."""
        return next((int(said["begin"]) for said in reversed(self.said) if "begin" in said), None)


def python_module(name: str) -> tuple[str, ...]:
    """The command that runs one of our modules with this very Python."""
    return sys.executable, "-m", name


def run_child(
    command: Sequence[str],
    request: bytes,
    timeout_s: float,
    hear: Callable[[int | None, float], None] = lambda _number, _seconds: None,
) -> Ending:
    """Run a command with a request on its stdin, and say how it ended; it sees the same packages as we do.

    Args:
        command: starts it.
        request: what it reads.
        timeout_s: after so long it is killed.
        hear: told about once a second which item was begun last, and how long all has taken.
    """
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)}
    pipe, began = subprocess.PIPE, time.monotonic()
    # From the root folder, because `python -m` would import what lies in the current one first.
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environ, cwd="/") as process:
        _feed(process, request)
        said = Ending((), "")
        try:
            while (left_s := began + timeout_s - time.monotonic()) > 0:
                try:
                    stdout, stderr = process.communicate(timeout=min(left_s, HEAR_S))
                except subprocess.TimeoutExpired as waiting:  # noqa: PERF203
                    said = Ending(_objects(waiting.stdout or b""), "")
                    hear(said.begun, time.monotonic() - began)
                else:
                    return Ending(_objects(stdout), _death(process.returncode, stderr))
            return Ending(said.said, f"no answer within {timeout_s:g} s")
        finally:
            process.kill()


def _feed(process: subprocess.Popen[bytes], request: bytes) -> None:
    """Write to a process's stdin in a thread of its own.

    `communicate` forgets what is not written yet when its time is out: of a request longer than a pipe holds, a child
    that takes a second to start, as on a slow board, would never see the end.
    """

    def write(stdin: IO[bytes]) -> None:
        with suppress(BrokenPipeError), stdin:
            stdin.write(request)

    assert process.stdin is not None
    threading.Thread(target=write, args=(process.stdin,), daemon=True).start()
    process.stdin = None  # what `communicate` does not see, it does not close


def outlive(items: Sequence[T], run: Callable[[Sequence[T]], Ending]) -> tuple[Ending, list[T], list[tuple[T, str]]]:
    """Run a child with all items, again without the one that killed it, until one finishes.

    Returns:
        The last child's ending; the items that it finished with; the others, each with what it died of.
    """
    left, dead = list(items), list[tuple[T, str]]()
    while True:
        ending = run(left)
        if not ending.death:
            return ending, left, dead
        if ending.begun is None:
            return ending, [], [*dead, *((item, ending.death) for item in left)]
        dead.append((left.pop(ending.begun), ending.death))
        if not left:
            return ending, left, dead


def begin(item: int) -> None:
    """In the child: say which item comes next, before it can crash."""
    say({"begin": item})


def say(answer: dict[str, Any]) -> None:
    """In the child: print one object as a line of JSON."""
    sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
    sys.stdout.flush()


def _objects(stdout: bytes) -> tuple[dict[str, Any], ...]:
    """The whole lines that hold a JSON object; a runtime may print other things, and a killed child half a line."""
    lines = (line for line in stdout.split(b"\n")[:-1] if line.startswith(b"{"))
    return tuple(msgspec.json.decode(line) for line in lines)


def _death(code: int, stderr: bytes) -> str:
    if code < 0:
        number = signal.Signals(-code)
        return f"died of {DEATHS.get(number, number.name)}"
    if code > 0:
        lines = stderr.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"ended with code {code}"
    return ""
