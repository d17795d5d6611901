"""The whole table behind a choice: every artifact on every runtime, with its time, size and accuracy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.choice.candidates import Refusal, intact
from agent.choice.choose import nothing_usable, survey
from agent.choice.measure import Measured
from agent.choice.rank import accurate, rank
from profiles.manifest import load_manifest
from profiles.profile import Objective, Profile


@dataclass(frozen=True)
class Bench:
    """What was measured."""

    board: str
    objective: Objective
    ranked: tuple[Measured, ...]
    """The best first, those below the accuracy floor among them."""
    refused: tuple[Refusal, ...]
    winner: Measured | None
    """What `choose` takes; None where nothing is accurate enough."""
    reason: str


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
    objective = profile.budget.objective
    good, damaged = intact(folder, load_manifest(folder).artifacts)
    fit, poor = accurate(good, profile.budget.min_accuracy)
    measured, broken = survey(folder, good, profile, batches=batches, seconds=seconds, tell=tell)
    refused = (*damaged, *broken)
    if not measured:
        raise nothing_usable(folder, refused)
    ranked, _ = rank(measured, objective)
    eligible = [m for m in ranked if m.candidate.artifact in fit]
    if not eligible:
        return Bench(profile.title, objective, ranked, refused, None, "; ".join(map(str, poor)))
    (winner, *_), reason = rank(eligible, objective)
    return Bench(profile.title, objective, ranked, refused, winner, reason)
