"""The whole table behind a choice: every artifact on every runtime, with its time, size, memory, energy, accuracy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import msgspec

from agent.choice.choice import nothing_usable
from agent.choice.cold_start import Start, start_cold
from agent.choice.measurement import Energy, Measurement, Timing
from agent.choice.rank import accurate, rank
from agent.choice.significance import spread
from agent.choice.survey import survey
from agent.choice.variants import Refusal, intact
from agent.system_info import SystemInfo, SystemState, system_info, system_state
from profiles.manifest import Role, load_manifest
from profiles.profile import Budget, Profile

Key = tuple[str, str, str, int]
"""A candidate's."""
NOT_MEASURABLE = "energy is not measurable on this board: it has no sensor that can be read"


@dataclass(frozen=True)
class Row:
    """One candidate."""

    measured: Measurement
    start: Start | None
    """None where it could not be started by itself."""
    fit: bool
    """Whether it is accurate enough."""


@dataclass(frozen=True)
class Contest:
    """What was measured in one role."""

    role: Role
    rows: tuple[Row, ...]
    """The best first, those below the accuracy floor among them."""
    winner: Row | None
    """What `choose` takes; None where nothing is accurate enough."""
    reason: str


@dataclass(frozen=True)
class Bench:
    """What was measured, and on what."""

    title: str
    """The board's."""
    budget: Budget
    contests: tuple[Contest, ...]
    """One for each role of which something runs."""
    refused: tuple[Refusal, ...]
    machine: SystemInfo
    before: SystemState
    after: SystemState


def bench(folder: Path, profile: Profile, batches: Sequence[int], seconds: float, tell: Callable[[str], None]) -> Bench:
    """Measure everything in a folder that runs rightly here.

    Args:
        folder: artifacts and their manifest.
        profile: of this board, with the objective and the floor that are asked for.
        batches: numbers of digits in one call.
        seconds: to spend on timing.
        tell: told what is being done.

    Raises:
        ManifestError: the manifest is missing or damaged.
        NoArtifactError: nothing runs.
    """
    before = system_state()
    good, damaged = intact(folder, load_manifest(folder).artifacts)
    measured, broken = survey(folder, good, profile, batches=batches, seconds=seconds, energy=True, tell=tell)
    refused = (*damaged, *broken)
    if not measured:
        raise nothing_usable(folder, refused)
    starts = dict[Key, Start | None]()
    for candidate in (m.candidate for m in measured):
        tell(f"starting {candidate} by itself")
        starts[candidate.key] = start_cold(folder, candidate, max(batches))
    present = {m.candidate.artifact.role for m in measured}
    contests = tuple(_contest(role, measured, starts, profile.budget) for role in get_args(Role) if role in present)
    return Bench(profile.title, profile.budget, contests, refused, system_info(), before, system_state())


def _contest(
    role: Role, measured: Sequence[Measurement], starts: Mapping[Key, Start | None], budget: Budget
) -> Contest:
    """Rank what was measured of one role, of which there is something."""
    ours = [m for m in measured if m.candidate.artifact.role == role]
    fit, poor = accurate([m.candidate.artifact for m in ours], budget.min_accuracy)
    rows = {
        m.candidate.key: Row(m, starts[m.candidate.key], m.candidate.artifact in fit)
        for m in rank(ours, budget.objective).ranked
    }
    eligible = [m for m in ours if m.candidate.artifact in fit]
    if not eligible:
        return Contest(role, tuple(rows.values()), None, "; ".join(dict.fromkeys(map(str, poor))))
    best = rank(eligible, budget.objective)
    return Contest(role, tuple(rows.values()), rows[best.ranked[0].candidate.key], best.reason)


def report(told: Bench) -> dict[str, Any]:
    """All of it, for machines: what `--json` prints and `--save` keeps."""
    return {
        "machine": asdict(told.machine),
        "before": asdict(told.before),
        "after": asdict(told.after),
        "board": told.title,
        "objective": told.budget.objective,
        "min_accuracy": told.budget.min_accuracy,
        "reasons": {contest.role: contest.reason for contest in told.contests},
        "measured": [_row(row, winner=row is contest.winner) for contest in told.contests for row in contest.rows],
        "refused": msgspec.to_builtins(told.refused),
    }


def _row(row: Row, *, winner: bool) -> dict[str, Any]:
    measured, candidate, artifact = row.measured, row.measured.candidate, row.measured.candidate.artifact
    return {
        "file": artifact.file,
        "role": artifact.role,
        "tier": artifact.tier,
        "format": artifact.format,
        "precision": artifact.precision,
        "runtime": candidate.runtime,
        "provider": candidate.provider,
        "threads": candidate.threads,
        "bytes": artifact.bytes,
        "accuracy": artifact.accuracy.value if artifact.accuracy else None,
        "us_per_digit": round(measured.us_per_digit, 3),
        "spread": round(spread(measured.blocks_us_per_digit), 4),
        "cold_ms": round(row.start.cold_ms, 1) if row.start else None,
        "resident_bytes": row.start.resident_bytes if row.start else None,
        "mj_per_digit": measured.mj_per_digit,
        "energy": _energy(measured.energy) if measured.energy else None,
        "winner": winner,
        "timings": [_timing(timing) for timing in measured.timings],
    }


def _timing(timing: Timing) -> dict[str, float]:
    return {
        "batch": timing.batch,
        "calls": timing.calls,
        "first_us_per_digit": round(timing.first_us / timing.batch, 3),
        "warm_us_per_digit": round(timing.warm_us / timing.batch, 3),
        "p50_us_per_digit": round(timing.p50_us / timing.batch, 3),
        "p95_us_per_digit": round(timing.p95_us / timing.batch, 3),
        "p99_us_per_digit": round(timing.p99_us / timing.batch, 3),
        "digits_per_second": round(timing.batch / timing.p50_us * 1e6),
    }


def _energy(energy: Energy) -> dict[str, Any]:
    return {
        "sensor": energy.sensor,
        "power_mw": round(energy.power_mw, 1),
        "idle_mw": None if energy.idle_mw is None else round(energy.idle_mw, 1),
        "idle_subtracted": False,
        "samples": energy.samples,
        "rate_hz": round(energy.rate_hz, 2),
    }
