"""How fast candidates are on this machine, and what they draw, measured side by side in a child process.

A child, because timing loads every runtime, and the agent shall carry only the one that won; and because a crash
in a larger batch or with more threads shall cost a candidate, not the agent.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent.choice.energy_probe import TURN_SECONDS, TURNS, measure_energy
from agent.choice.measurement import Measurement
from agent.choice.timing import random_images, time_by_turns
from agent.choice.variants import Variant
from agent.runtimes.child import Ending, begin, outlive, python_module, run_child, say
from agent.runtimes.net import LoadedNet
from agent.sensors.power import find_power_reader
from profiles.errors import DigitAgentError
from profiles.profile import Profile

BATCHES = (1, 4, 16)
"""Digits that one frame has: a single one, a number, a page."""
SECONDS = 1.5
TIMEOUT_S = 120.0


class Request(msgspec.Struct, frozen=True):
    """What the child is asked."""

    folder: str
    candidates: tuple[Variant, ...]
    batches: tuple[int, ...]
    seconds: float
    power: Profile | None


def measure(
    folder: Path,
    candidates: Sequence[Variant],
    *,
    batches: Sequence[int] = BATCHES,
    seconds: float = SECONDS,
    power: Profile | None = None,
    command: Sequence[str] = python_module("agent.choice.measure"),
) -> tuple[list[Measurement], list[tuple[Variant, str]]]:
    """Time candidates by turns in a child process.

    Args:
        folder: where the artifacts lie.
        candidates: what to time, in any order.
        batches: numbers of digits in one call.
        seconds: to spend on timing altogether, over and above loading; slow boards take longer.
        power: the profile whose power sensor shall be read, too; None measures no energy.
        command: starts the child.

    Returns:
        The times, in the order of the candidates; the candidates that failed, each with the reason.
    """

    def run(left: Sequence[Variant]) -> Ending:
        request = Request(str(folder.absolute()), tuple(left), tuple(batches), seconds, power)
        energy_s = (len(left) * TURNS + 1) * TURN_SECONDS if power else 0.0
        return run_child(command, msgspec.json.encode(request), TIMEOUT_S + seconds + energy_s)

    if not candidates:
        return [], []
    ending, _, dead = outlive(candidates, run)
    answers = [said for said in ending.said if "timings" in said]
    return [msgspec.convert(answer, Measurement) for answer in answers], dead


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
        columns = [time_by_turns(nets, batch, share_s, begin) for batch in request.batches]
        given = [random_images(net.artifact.role, max(request.batches)) for net in nets]
        energies = measure_energy(nets, given, reader) if reader else [None] * len(nets)
    except DigitAgentError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for candidate, energy, *timings in zip(request.candidates, energies, *columns, strict=True):
        say(msgspec.to_builtins(Measurement(candidate, tuple(timings), energy)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
