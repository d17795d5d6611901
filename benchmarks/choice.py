"""Is the choice worse than the best fixed one? `python -m benchmarks.choice`, exit code 1 where it is, by over 5 %.

The agent chooses anew, as at its first start here. Then everything that works is measured once more, by turns and for
longer, and what was chosen is compared with whatever is fastest now, part by part of the measurement, so that a busy
machine disturbs both alike.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from agent.choice.choose import choose
from agent.choice.measure import SECONDS, measure
from agent.choice.measurement import Measurement
from agent.choice.significance import PROMISE, ratio
from agent.paths import default_artifacts
from benchmarks.bounds import Bound, tell
from profiles.board import detect_board
from profiles.manifest import Role, load_manifest
from profiles.profile import Profile

LONGER = 4


@dataclass(frozen=True)
class Regret:
    """What was chosen, against the best fixed choice."""

    chosen: Measurement
    best: Measurement
    reason: str
    settled: bool
    """Whether the measurement decided, and not the profile's order because of noise."""
    at_least: float
    """How many times slower the chosen one is for sure; below 1 where it may be the faster."""
    likely: float
    """By the medians."""


def main() -> int:
    """Choose and measure for every role that ships; say whether the promise is kept."""
    folder, profile, console, missed = default_artifacts(), detect_board().profile, Console(), 0
    roles = dict.fromkeys(artifact.role for artifact in load_manifest(folder).artifacts)
    for role in roles:
        regret = regret_of_choosing(folder, profile, role)
        console.print(f"{role}, chosen: {regret.reason}", highlight=False)
        console.print(f"best fixed: {regret.best.candidate}, {regret.likely:.3f} times as fast by the medians")
        what = "times the best fixed choice's time is what the chosen one takes for sure"
        if regret.settled:
            missed |= tell([Bound(what, regret.at_least, at_most=PROMISE)], console)
        else:
            console.print("left open by noise, so nothing was promised", style="yellow")
    return missed


def regret_of_choosing(folder: Path, profile: Profile, role: Role, seconds: float = SECONDS) -> Regret:
    """Choose, then measure everything that was ranked again, for LONGER.

    Args:
        folder: artifacts and their manifest.
        profile: of this board.
        role: what is chosen for.
        seconds: to spend on timing when choosing.
    """
    with TemporaryDirectory() as cache:
        choice = choose(folder, profile, role, cache=Path(cache), seconds=seconds)
    again, _ = measure(folder, [m.candidate for m in choice.ranked], seconds=LONGER * seconds)
    chosen = next(m for m in again if m.candidate.key == choice.best.candidate.key)
    best = min(again, key=lambda m: m.us_per_digit)
    at_least, _ = ratio(chosen.blocks_us_per_digit, best.blocks_us_per_digit)
    return Regret(chosen, best, choice.reason, choice.settled, at_least, chosen.us_per_digit / best.us_per_digit)


if __name__ == "__main__":
    sys.exit(main())
