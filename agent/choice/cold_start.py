"""What a net costs to start, cold: each in a process of its own, where nothing of it is in memory yet."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent.choice.timing import random_images
from agent.choice.variants import Variant
from agent.runtimes.child import python_module, run_child, say
from profiles.errors import DigitAgentError

TIMEOUT_S = 120.0


class Start(msgspec.Struct, frozen=True):
    """From a process that has Python and NumPy to one that has told digits."""

    cold_ms: float
    """To import the runtime, load the file, and give the first logits."""
    resident_bytes: int
    """What that added to the process's resident memory at its peak, with the largest batch."""


class Request(msgspec.Struct, frozen=True):
    """What the child is asked."""

    folder: str
    candidate: Variant
    batch: int


def start_cold(
    folder: Path,
    candidate: Variant,
    batch: int,
    command: Sequence[str] = python_module("agent.choice.cold_start"),
) -> Start | None:
    """Start one candidate in a child process; None where it failed.

    Args:
        folder: where the artifacts lie.
        candidate: what to start.
        batch: digits of the largest call.
        command: starts the child.
    """
    request = msgspec.json.encode(Request(str(folder.absolute()), candidate, batch))
    ending = run_child(command, request, TIMEOUT_S)
    answers = [said for said in ending.said if "cold_ms" in said]
    return msgspec.convert(answers[0], Start) if answers and not ending.death else None


def main() -> int:
    """The child."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    images = random_images(request.candidate.artifact.role, request.batch)
    before, began = _peak_bytes(), time.perf_counter()
    try:
        net = request.candidate.load(Path(request.folder))
        net.logits(images[:1])
        cold_ms = (time.perf_counter() - began) * 1000
        net.logits(images)
    except DigitAgentError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    say(msgspec.to_builtins(Start(cold_ms, _peak_bytes() - before)))
    return 0


def _peak_bytes() -> int:
    """The most that was ever resident of this process, `VmHWM` in https://man7.org/linux/man-pages/man5/proc.5.html."""
    lines = Path("/proc/self/status").read_text("ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    sys.exit(main())
