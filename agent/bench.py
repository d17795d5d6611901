"""The whole table behind a choice: every artifact on every runtime, with its time, size and accuracy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from agent.choice.candidates import Refusal, intact
from agent.choice.choice import nothing_usable
from agent.choice.measured import Measured
from agent.choice.rank import accurate, rank
from agent.choice.survey import survey
from profiles.manifest import Role, load_manifest
from profiles.profile import Budget, Objective, Profile


@dataclass(frozen=True)
class Contest:
    """What was measured in one role."""

    role: Role
    ranked: tuple[Measured, ...]
    """The best first, those below the accuracy floor among them."""
    winner: Measured | None
    """What `choose` takes; None where nothing is accurate enough."""
    reason: str


@dataclass(frozen=True)
class Bench:
    """What was measured."""

    board: str
    objective: Objective
    contests: tuple[Contest, ...]
    """One for each role of which something runs."""
    refused: tuple[Refusal, ...]


def bench(folder: Path, profile: Profile, batches: Sequence[int], seconds: float, tell: Callable[[str], None]) -> Bench:
    """Measure everything in a folder that runs rightly here.

    Args:
        folder: artifacts and their manifest.
        profile: of this board.
        batches: numbers of digits in one call.
        seconds: to spend on timing.
        tell: told what is being done.

    Raises:
        ManifestError: the manifest is missing or damaged.
        NoArtifactError: nothing runs.
    """
    good, damaged = intact(folder, load_manifest(folder).artifacts)
    measured, broken = survey(folder, good, profile, batches=batches, seconds=seconds, tell=tell)
    refused = (*damaged, *broken)
    if not measured:
        raise nothing_usable(folder, refused)
    roles = [role for role in get_args(Role) if any(m.candidate.artifact.role == role for m in measured)]
    contests = tuple(_contest(role, measured, profile.budget) for role in roles)
    return Bench(profile.title, profile.budget.objective, contests, refused)


def _contest(role: Role, measured: Sequence[Measured], budget: Budget) -> Contest:
    """Rank what was measured of one role, of which there is something."""
    ours = [m for m in measured if m.candidate.artifact.role == role]
    fit, poor = accurate([m.candidate.artifact for m in ours], budget.min_accuracy)
    ranked = rank(ours, budget.objective).ranked
    eligible = [m for m in ours if m.candidate.artifact in fit]
    if not eligible:
        return Contest(role, ranked, None, "; ".join(dict.fromkeys(map(str, poor))))
    best = rank(eligible, budget.objective)
    return Contest(role, ranked, best.ranked[0], best.reason)
