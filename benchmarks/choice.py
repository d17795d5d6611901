"""Whether the chosen variant is slower than the best fixed one: `python -m benchmarks.choice`, about a minute per role.

The agent chooses again, as at its first start on this machine. Then all variants that work are measured again, in turn
and for longer, and the chosen variant is compared with the fastest one, block by block, so that other load on the
machine affects both. Exit code 1 if the chosen variant is more than 5 % slower for certain, else 0.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from agent.choice.choose import choose
from agent.choice.measure import TIMING_S, measure
from agent.choice.measurement import Measurement
from agent.choice.significance import MAX_COST_RATIO, ratio_bounds
from agent.choice.variants import Variant
from agent.paths import default_artifacts
from benchmarks.report import Bound, check_bounds, run_benchmark
from profiles.board import detect_board
from profiles.manifest import Role, load_manifest
from profiles.profile import Profile

REPEAT_FACTOR = 4
"""Factor by which the second measurement is longer than the measurement that the agent chooses with."""
PROCESSES = 4
"""Number of child processes that share the second measurement.

The places of weights and buffers in memory differ from process to process and change the time of a small net by up to
40 %, so one process cannot show that a variant is slower. Raising it makes the lower bound more certain.
"""


@dataclass(frozen=True)
class Regret:
    """The time of the chosen variant, compared with the fastest variant of the second measurement."""

    chosen: Variant
    best: Variant
    reason: str
    significant: bool
    """Whether the measurement decided the choice. If there was too much noise, the order in the profile decided."""
    at_least: float
    """Lower bound of the time of the chosen variant divided by the time of the best one.

    Below 1, the chosen variant may be faster.
    """
    likely: float
    """Median time of the chosen variant divided by the median time of the best one."""


def main() -> int:
    """Choose and measure for each role, and check that the chosen variant is not slower than the best one."""
    folder, profile, console, missed = default_artifacts(), detect_board().profile, Console(), 0
    roles = dict.fromkeys(artifact.role for artifact in load_manifest(folder).artifacts)
    for role in roles:
        regret = regret_of_choosing(folder, profile, role)
        console.print(f"{role}, chosen: {regret.reason}", highlight=False)
        console.print(f"best fixed: {regret.best}, {regret.likely:.3f} times as fast, by the median times")
        what = "times the time of the best fixed variant (lower bound of the chosen variant's time)"
        if regret.significant:
            missed |= check_bounds([Bound(what, regret.at_least, at_most=MAX_COST_RATIO)], console)
        else:
            console.print("too much noise to decide, so no bound is checked", style="yellow")
    return missed


def regret_of_choosing(folder: Path, profile: Profile, role: Role, seconds: float = TIMING_S) -> Regret:
    """Choose a variant, then measure all ranked variants again, `REPEAT_FACTOR` times longer.

    Args:
        folder: folder of the artifacts and their manifest.
        profile: profile of this board.
        role: role to choose for.
        seconds: time to spend on measurements for the choice.
    """
    with TemporaryDirectory() as cache:
        choice = choose(folder, profile, role, cache=Path(cache), seconds=seconds)
    variants = [m.variant for m in choice.ranked]
    processes = [measure(folder, variants, seconds=REPEAT_FACTOR * seconds / PROCESSES)[0] for _ in range(PROCESSES)]
    by_variant = list(zip(*processes, strict=True))
    chosen = next(again for again in by_variant if again[0].variant.key == choice.best.variant.key)
    best = min(by_variant, key=_median_us)
    at_least, _ = ratio_bounds(_blocks_us(chosen), _blocks_us(best))
    likely = _median_us(chosen) / _median_us(best)
    return Regret(chosen[0].variant, best[0].variant, choice.reason, choice.significant, at_least, likely)


def _blocks_us(processes: Sequence[Measurement]) -> list[float]:
    return [us for measurement in processes for us in measurement.blocks_us_per_digit]


def _median_us(processes: Sequence[Measurement]) -> float:
    return statistics.median(measurement.us_per_digit for measurement in processes)


if __name__ == "__main__":
    run_benchmark(main, "choice")
