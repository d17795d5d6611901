"""How fast candidates are on this machine, and what they draw, measured side by side in a child process.

A child, because timing loads every runtime, and the agent shall carry only the one that won; and because a crash
in a larger batch or with more threads shall cost a candidate, not the agent.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.choice.candidates import Candidate
from agent.runtimes.child import Ending, begin, outlive, python_module, run_child, say
from agent.runtimes.net import LoadedNet
from agent.sensors.power import find_power_reader
from agent.sensors.sample import PowerReader, PowerSample
from agent.vision.judge import Net
from profiles.errors import DigitAgentError
from profiles.manifest import INPUT_SHAPES
from profiles.profile import Profile

BATCHES = (1, 4, 16)
"""Digits that one frame has: a single one, a number, a page."""
SECONDS = 1.5
LEAST_ROUNDS = 9
ENERGY_SECONDS = 1.0
SAMPLE_SECONDS = 0.05
TIMEOUT_S = 120.0


class Timing(msgspec.Struct, frozen=True):
    """How long one call takes, from images to logits."""

    batch: int
    calls: int
    p50_us: float
    """Median of one call."""
    p95_us: float

    @property
    def us_per_digit(self) -> float:
        return self.p50_us / self.batch


class Measured(msgspec.Struct, frozen=True):
    """A candidate, its times, one a batch size, and its energy."""

    candidate: Candidate
    timings: tuple[Timing, ...]
    mj_per_digit: float | None
    """Energy of all that the sensor sees while it works without a pause; None where none was measured."""

    @property
    def us_per_digit(self) -> float:
        """Median time for one call of each batch size, divided by their digits."""
        return sum(timing.p50_us for timing in self.timings) / sum(timing.batch for timing in self.timings)


class Request(msgspec.Struct, frozen=True):
    """What the child is asked."""

    folder: str
    candidates: tuple[Candidate, ...]
    batches: tuple[int, ...]
    seconds: float
    power: Profile | None


def measure(
    folder: Path,
    candidates: Sequence[Candidate],
    *,
    batches: Sequence[int] = BATCHES,
    seconds: float = SECONDS,
    power: Profile | None = None,
    command: Sequence[str] = python_module("agent.choice.measure"),
) -> tuple[list[Measured], list[tuple[Candidate, str]]]:
    """Time candidates by turns in a child process.

    Args:
        folder: where the artifacts lie.
        candidates: what to time, in any order.
        batches: numbers of digits in one call.
        seconds: to spend on timing altogether, over and above loading; slow boards take longer, see LEAST_ROUNDS.
        power: the profile whose power sensor shall be read, too; None measures no energy.
        command: starts the child.

    Returns:
        The times, in the order of the candidates; the candidates that failed, each with the reason.
    """

    def run(left: Sequence[Candidate]) -> Ending:
        request = Request(str(folder.absolute()), tuple(left), tuple(batches), seconds, power)
        return run_child(command, msgspec.json.encode(request), TIMEOUT_S + seconds)

    if not candidates:
        return [], []
    ending, _, dead = outlive(candidates, run)
    answers = [said for said in ending.said if "timings" in said]
    return [msgspec.convert(answer, Measured) for answer in answers], dead


def main() -> int:
    """The child: load every candidate, then time them by turns, batch size by batch size."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    reader = find_power_reader(request.power) if request.power else None
    share_s = request.seconds / len(request.batches)
    nets: list[LoadedNet] = []
    try:
        for number, candidate in enumerate(request.candidates):
            begin(number)
            nets.append(candidate.load(Path(request.folder)))
        columns = [_time_batch(nets, batch, share_s) for batch in request.batches]
        largest = max(request.batches)
        energies = [energy_per_digit_mj(net, _images(net, largest), reader) if reader else None for net in nets]
    except DigitAgentError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for candidate, energy, *timings in zip(request.candidates, energies, *columns, strict=True):
        say(msgspec.to_builtins(Measured(candidate, tuple(timings), energy)))
    return 0


def energy_per_digit_mj(
    net: Net, images: NDArray[np.uint8], reader: PowerReader, seconds: float = ENERGY_SECONDS
) -> float | None:
    """Let a net work without a pause, and say what one digit cost; None where the sensor gave nothing.

    Args:
        net: what works.
        images: uint8 (n, ...), the digits of one call.
        reader: read every SAMPLE_SECONDS.
        seconds: how long.
    """
    digits = 0
    reader.read()  # some sensors give the mean since the read before
    samples: list[PowerSample | None] = []
    start = last = time.perf_counter()
    while last - start < seconds:
        while time.perf_counter() - last < SAMPLE_SECONDS:
            net.logits(images)
            digits += len(images)
        samples.append(reader.read())
        last = time.perf_counter()
    known_mw = [sample.power_mw for sample in samples if sample is not None]
    return statistics.mean(known_mw) * (last - start) / digits if known_mw else None


def _time_batch(nets: Sequence[LoadedNet], batch: int, seconds: float) -> list[Timing]:
    """Time one call of every net, by turns, so that a change of the clock frequency meets all of them."""
    given = [_images(net, batch) for net in nets]
    for number, (net, images) in enumerate(zip(nets, given, strict=True)):
        begin(number)
        net.logits(images)
        net.logits(images)
    took_us: list[list[float]] = [[] for _ in nets]
    end = time.perf_counter() + seconds
    while len(took_us[0]) < LEAST_ROUNDS or time.perf_counter() < end:
        for net, images, times in zip(nets, given, took_us, strict=True):
            times.append(_call_us(net, images))
    return [_timing(batch, times) for times in took_us]


def _images(net: LoadedNet, batch: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (batch, *INPUT_SHAPES[net.artifact.role]), np.uint8)


def _call_us(net: Net, images: NDArray[np.uint8]) -> float:
    start = time.perf_counter_ns()
    net.logits(images)
    return (time.perf_counter_ns() - start) / 1000


def _timing(batch: int, times_us: Sequence[float]) -> Timing:
    p95 = statistics.quantiles(times_us, n=20)[-1]
    return Timing(batch, len(times_us), statistics.median(times_us), p95)


if __name__ == "__main__":
    sys.exit(main())
