"""Measure variants side by side, in a child process.

The measurement loads every runtime, but the agent must keep only the chosen one in memory, so the child process does
it. If a runtime crashes with a larger batch or with more threads, only the child ends.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent.choice.energy_probe import TURN_S, TURNS, measure_energy
from agent.choice.measurement import Measurement
from agent.choice.timing import random_images, time_interleaved
from agent.choice.variants import Variant
from agent.runtimes.child import (
    ChildResult,
    Failure,
    print_answer,
    python_module,
    read_request,
    report_error,
    report_start,
    run_child,
    run_without_failing_items,
)
from agent.runtimes.net import LoadedNet
from agent.sensors.power import find_power_reader
from profiles.errors import DigitAgentError
from profiles.profile import Profile

BATCHES = (1, 4, 16)
"""Batch sizes to time: frames with a single digit or line, with a number, and with a full page."""
TIMING_S = 1.5
"""Default time to spend on timing, in seconds."""
TIMEOUT_S = 120.0
"""Time limit for loading, in seconds; the time to spend on timing and energy is added."""


class MeasureRequest(msgspec.Struct, frozen=True):
    """Request to the child process."""

    folder: str
    variants: tuple[Variant, ...]
    batches: tuple[int, ...]
    seconds: float
    power: Profile | None


def measure(
    folder: Path,
    variants: Sequence[Variant],
    *,
    batches: Sequence[int] = BATCHES,
    seconds: float = TIMING_S,
    power: Profile | None = None,
    memory_bytes: int | None = None,
    command: Sequence[str] = python_module("agent.choice.measure"),
) -> tuple[list[Measurement], list[tuple[Variant, Failure]]]:
    """Time variants in a child process, with interleaved calls.

    Args:
        folder: folder of the artifacts.
        variants: variants to time, in any order.
        batches: numbers of digits in one call.
        seconds: total time to spend on timing, without loading; slow boards take longer.
        power: profile with the power sensor to read at the same time; None measures no energy.
        memory_bytes: largest memory for data of the child, which loads all variants; None is no limit.
        command: starts the child.

    Returns:
        The measurements, in the order of the variants; the failed variants with their failures.
    """

    def run(left: Sequence[Variant]) -> ChildResult:
        request = MeasureRequest(str(folder.absolute()), tuple(left), tuple(batches), seconds, power)
        energy_s = (len(left) * TURNS + 1) * TURN_S if power else 0.0
        timeout_s = TIMEOUT_S + seconds + energy_s
        return run_child(command, msgspec.json.encode(request), timeout_s, memory_bytes=memory_bytes)

    if not variants:
        return [], []
    result, _, failed = run_without_failing_items(variants, run)
    answers = [answer for answer in result.answers if "timings" in answer]
    return [msgspec.convert(answer, Measurement) for answer in answers], failed


def main() -> int:
    """Run the child process: load all variants, then time them with interleaved calls, one batch size after another."""
    request = read_request(MeasureRequest)
    reader = find_power_reader(request.power) if request.power else None
    share_s = request.seconds / len(request.batches)
    nets: list[LoadedNet] = []
    try:
        for number, variant in enumerate(request.variants):
            report_start(number)
            nets.append(variant.load(Path(request.folder)))
        columns = [time_interleaved(nets, batch, share_s, report_start) for batch in request.batches]
        images = [random_images(net.artifact.role, max(request.batches)) for net in nets]
        energies = measure_energy(nets, images, reader) if reader else [None] * len(nets)
    except DigitAgentError as error:
        report_error(error)
        return 1
    for variant, energy, *timings in zip(request.variants, energies, *columns, strict=True):
        print_answer(msgspec.to_builtins(Measurement(variant, tuple(timings), energy)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
