"""Time and memory of a cold start of a variant, measured in a new process."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent.choice.timing import random_images
from agent.choice.variants import Variant
from agent.runtimes.child import print_answer, python_module, read_request, report_error, run_child
from profiles.errors import DigitAgentError

TIMEOUT_S = 120.0


class ColdStart(msgspec.Struct, frozen=True):
    """Cost of a start, in a process that has imported NumPy but no runtime."""

    cold_ms: float
    """Time to import the runtime, load the file, and compute the first logits."""
    resident_bytes: int
    """Increase of the peak resident memory, with the largest batch."""


class ColdStartRequest(msgspec.Struct, frozen=True):
    """Request to the child process."""

    folder: str
    variant: Variant
    batch: int


def measure_cold_start(
    folder: Path,
    variant: Variant,
    batch: int,
    command: Sequence[str] = python_module("agent.choice.cold_start"),
) -> ColdStart | None:
    """Start a variant in a child process; return None if it fails.

    Args:
        folder: folder of the artifacts.
        variant: variant to start.
        batch: number of digits in the largest call.
        command: starts the child.
    """
    request = msgspec.json.encode(ColdStartRequest(str(folder.absolute()), variant, batch))
    result = run_child(command, request, TIMEOUT_S)
    answers = [answer for answer in result.answers if "cold_ms" in answer]
    return msgspec.convert(answers[0], ColdStart) if answers and result.failure is None else None


def main() -> int:
    """Run the child process."""
    request = read_request(ColdStartRequest)
    images = random_images(request.variant.artifact.role, request.batch)
    before_bytes, started_s = _peak_bytes(), time.perf_counter()
    try:
        net = request.variant.load(Path(request.folder))
        net.logits(images[:1])
        cold_ms = (time.perf_counter() - started_s) * 1000
        net.logits(images)
    except DigitAgentError as error:
        report_error(error)
        return 1
    print_answer(msgspec.to_builtins(ColdStart(cold_ms, _peak_bytes() - before_bytes)))
    return 0


def _peak_bytes() -> int:
    """Return the peak resident memory of this process: `VmHWM` in proc(5)."""
    lines = Path("/proc/self/status").read_text("ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    sys.exit(main())
