"""Benchmark of every artifact on every runtime: time, size, memory, energy and accuracy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from agent.choice.choice import no_usable_artifact
from agent.choice.choose import measure_variants
from agent.choice.cold_start import ColdStart, measure_cold_start
from agent.choice.measurement import Energy, Measurement, Timing
from agent.choice.rank import rank, split_accurate
from agent.choice.significance import spread
from agent.choice.variants import Refusal, split_intact
from agent.system_info import SystemInfo, SystemState, system_info, system_state
from profiles.manifest import Role, load_manifest
from profiles.profile import Budget, Profile

VariantKey = tuple[str, str, str, int]
"""Key of a variant: model file, runtime, execution provider, number of threads."""
NOT_MEASURABLE = "energy is not measurable on this board: it has no sensor that can be read"


@dataclass(frozen=True)
class BenchRow:
    """Result of one variant."""

    measurement: Measurement
    cold_start: ColdStart | None
    """Time and memory of a start in a new process; None if the start failed."""
    accurate: bool
    """Whether the artifact reaches the minimum accuracy."""


@dataclass(frozen=True)
class RoleBench:
    """Results of one role."""

    role: Role
    rows: tuple[BenchRow, ...]
    """Variants, best first; includes artifacts below the minimum accuracy."""
    winner: BenchRow | None
    """Variant that `choose` selects; None if no artifact is accurate enough."""
    reason: str
    """Why this variant is the winner, or why there is none, as a message."""


@dataclass(frozen=True)
class Bench:
    """Results of a benchmark, and the system that it ran on."""

    title: str
    """Title of the board."""
    budget: Budget
    roles: tuple[RoleBench, ...]
    """Results of each role that has a working variant."""
    refused: tuple[Refusal, ...]
    system: SystemInfo
    before: SystemState
    after: SystemState


def bench(
    folder: Path, profile: Profile, batches: Sequence[int], seconds: float, progress: Callable[[str], None]
) -> Bench:
    """Measure all variants of a folder that work on this machine.

    Args:
        folder: folder of the artifacts and their manifest.
        profile: profile of this board, with the requested objective and minimum accuracy.
        batches: numbers of digits in one call.
        seconds: time to spend on timing.
        progress: called with progress messages.

    Raises:
        ManifestError: the manifest is missing or damaged.
        NoArtifactError: no variant works.
    """
    before = system_state()
    good, damaged = split_intact(folder, load_manifest(folder).artifacts)
    measured, failed = measure_variants(
        folder, good, profile, batches=batches, seconds=seconds, energy=True, progress=progress
    )
    refused = (*damaged, *failed)
    if not measured:
        raise no_usable_artifact(folder, refused)
    cold_starts = dict[VariantKey, ColdStart | None]()
    for variant in (m.variant for m in measured):
        progress(f"measuring the cold start of {variant}")
        cold_starts[variant.key] = measure_cold_start(folder, variant, max(batches))
    present = {m.variant.artifact.role for m in measured}
    roles = tuple(
        _role_bench(role, measured, cold_starts, profile.budget) for role in get_args(Role) if role in present
    )
    return Bench(profile.title, profile.budget, roles, refused, system_info(), before, system_state())


def _role_bench(
    role: Role, measured: Sequence[Measurement], cold_starts: Mapping[VariantKey, ColdStart | None], budget: Budget
) -> RoleBench:
    """Rank the measured variants of one role, of which there is at least one."""
    of_role = [m for m in measured if m.variant.artifact.role == role]
    accurate, inaccurate = split_accurate([m.variant.artifact for m in of_role], budget.min_accuracy)
    rows = {
        m.variant.key: BenchRow(m, cold_starts[m.variant.key], m.variant.artifact in accurate)
        for m in rank(of_role, budget.objective).ranked
    }
    eligible = [m for m in of_role if m.variant.artifact in accurate]
    if not eligible:
        return RoleBench(role, tuple(rows.values()), None, "; ".join(dict.fromkeys(map(str, inaccurate))))
    ranking = rank(eligible, budget.objective)
    return RoleBench(role, tuple(rows.values()), rows[ranking.ranked[0].variant.key], ranking.reason)


def report(result: Bench) -> dict[str, Any]:
    """Return the result as JSON-compatible values, for `--json` and `--save`."""
    return {
        "machine": asdict(result.system),
        "before": asdict(result.before),
        "after": asdict(result.after),
        "board": result.title,
        "objective": result.budget.objective,
        "min_accuracy": result.budget.min_accuracy,
        "reasons": {of_role.role: of_role.reason for of_role in result.roles},
        "measured": [_row(row, winner=row is of_role.winner) for of_role in result.roles for row in of_role.rows],
        "refused": [{"what": refusal.what, "reason": refusal.explanation} for refusal in result.refused],
    }


def _row(row: BenchRow, *, winner: bool) -> dict[str, Any]:
    measurement, variant, artifact = row.measurement, row.measurement.variant, row.measurement.variant.artifact
    return {
        "file": artifact.file,
        "role": artifact.role,
        "tier": artifact.tier,
        "format": artifact.format,
        "precision": artifact.precision,
        "runtime": variant.runtime,
        "provider": variant.provider,
        "threads": variant.threads,
        "bytes": artifact.bytes,
        "accuracy": artifact.accuracy.value if artifact.accuracy else None,
        "us_per_digit": round(measurement.us_per_digit, 3),
        "spread": round(spread(measurement.blocks_us_per_digit), 4),
        "cold_ms": round(row.cold_start.cold_ms, 1) if row.cold_start else None,
        "resident_bytes": row.cold_start.resident_bytes if row.cold_start else None,
        "mj_per_digit": measurement.mj_per_digit,
        "energy": _energy(measurement.energy) if measurement.energy else None,
        "winner": winner,
        "timings": [_timing(timing) for timing in measurement.timings],
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
