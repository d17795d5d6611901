"""Try and measure artifacts on every runtime of a profile, and measure again what cannot be told apart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.choice.measure import BATCHES, SECONDS, measure
from agent.choice.measurement import Measurement
from agent.choice.rank import Ranking, rank
from agent.choice.variants import Refusal, find_variants
from profiles.manifest import Artifact
from profiles.profile import Profile

log = logging.getLogger(__name__)
PATIENCE = 2
"""So often the doubtful are measured again, each time for twice as long, before the profile's order decides."""


def survey(
    folder: Path,
    artifacts: Sequence[Artifact],
    profile: Profile,
    *,
    batches: Sequence[int] = BATCHES,
    seconds: float = SECONDS,
    energy: bool = False,
    tell: Callable[[str], None] = log.info,
) -> tuple[list[Measurement], list[Refusal]]:
    """Try artifacts on every runtime of a profile, and measure those that are right, in the profile's order.

    Args:
        folder: where the artifacts lie.
        artifacts: those whose file is intact.
        profile: of this board.
        batches: numbers of digits in one call.
        seconds: to spend on timing.
        energy: whether to measure energy, too, where a sensor is.
        tell: told what is being done.
    """
    kinds: list[tuple[str, str]] = [(kind.format, kind.precision) for kind in profile.artifacts]
    ordered = sorted(artifacts, key=lambda a: _place(kinds, (a.format, a.precision)))
    candidates, refused = find_variants(folder, ordered, profile.runtimes, tell)
    tell(f"timing {len(candidates)} candidates")
    power = profile if energy else None
    measured, failed = measure(folder, candidates, batches=batches, seconds=seconds, power=power)
    return measured, [*refused, *(Refusal(str(candidate), reason) for candidate, reason in failed)]


def settle(
    folder: Path, measured: Sequence[Measurement], profile: Profile, seconds: float, tell: Callable[[str], None]
) -> Ranking:
    """Rank what was measured; those that cannot be told apart are measured again, by themselves and for longer."""
    objective = profile.budget.objective
    power = profile if objective == "energy" else None
    ranking = rank(measured, objective)
    for trial in range(1, PATIENCE + 1):
        if not ranking.doubtful:
            break
        tell(f"timing {len(ranking.doubtful)} candidates again, which cannot be told apart yet")
        doubtful = [m.candidate for m in ranking.doubtful]
        again, failed = measure(folder, doubtful, seconds=seconds * 2**trial, power=power)
        if failed:
            break  # what fails now and then is met when it is used: the next best takes over
        behind = [m for m in ranking.ranked if m not in ranking.doubtful]
        ranking = rank(again, objective, behind)
    return ranking


def _place(kinds: Sequence[tuple[str, str]], kind: tuple[str, str]) -> int:
    return kinds.index(kind) if kind in kinds else len(kinds)
