"""The table of `digit-agent bench`: one row per variant, best first."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from agent.bench import NOT_MEASURABLE, Bench, BenchRow, RoleBench
from agent.choice.rank import three_digits
from agent.choice.significance import spread
from agent.choice.variants import FORMAT_NAMES, runtime_title
from agent.sensors.throttling import throttling_advice
from agent.views.foreign import foreign

BYTES_PER_MB = 1e6


def bench_table(title: str, role_bench: RoleBench) -> Table:
    """Return the table of one role; each cell has up to four lines, such as the median, p95 and p99 of a time."""
    first = role_bench.rows[0].measurement
    energy = any(row.measurement.energy for row in role_bench.rows)
    table = Table(
        title=f"{role_bench.role} on {title}; µs per digit: median, p95, p99",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("", no_wrap=True)
    table.add_column("net", overflow="fold", min_width=14)
    batches = (f"batch\n{timing.batch}" for timing in first.timings)
    cost = ("cold\nmemory", "all\nspread\ndigits/s")
    if energy:
        cost = f"{cost[0]}\nmJ", f"{cost[1]}\nmW"
    for heading in ("kB\ncorrect", cost[0], *batches, cost[1]):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in role_bench.rows:
        winner = row is role_bench.winner
        table.add_row("▶" if winner else "", _name(row), *_cells(row), style="bold green" if winner else None)
    return table


def energy_line(result: Bench) -> str:
    """Describe how the energy was measured, or why it was not."""
    measured = [row.measurement for role_bench in result.roles for row in role_bench.rows]
    energy = next((m.energy for m in measured if m.energy is not None), None)
    if energy is None:
        return NOT_MEASURABLE
    idle = "" if energy.idle_mw is None else f" ({energy.idle_mw:.0f} mW when idle)"
    return f"energy: {energy.sensor}; {energy.rate_hz:.2g} samples per second, idle power{idle} not subtracted"


def throttling_line(result: Bench) -> str:
    """Return a warning that the board was throttled during the measurement; empty if it was not."""
    reasons = tuple(dict.fromkeys((*(result.before.throttling or ()), *(result.after.throttling or ()))))
    if not reasons:
        return ""
    return f"the board was throttled ({', '.join(reasons)}): {throttling_advice(reasons)}, then measure again"


def _name(row: BenchRow) -> Text:
    variant, artifact = row.measurement.variant, row.measurement.variant.artifact
    threads = f", {variant.threads} threads" if variant.threads > 1 else ""
    runtime = f"{runtime_title(variant.runtime, variant.provider)}{threads}"
    return foreign(f"{artifact.tier} {artifact.precision} {FORMAT_NAMES[artifact.format]}", runtime)


def _cells(row: BenchRow) -> Iterator[str]:
    measurement, start = row.measurement, row.cold_start
    artifact, energy = measurement.variant.artifact, measurement.energy
    yield f"{three_digits(artifact.bytes / 1000)}\n{f'{artifact.accuracy.value:.2%}' if artifact.accuracy else '–'}"
    cold = "–\n–"
    if start:
        cold = f"{three_digits(start.cold_ms)} ms\n{three_digits(start.resident_bytes / BYTES_PER_MB)} MB"
    yield f"{cold}\n{three_digits(energy.mj_per_digit)}" if energy else cold
    for timing in measurement.timings:
        yield "\n".join(three_digits(us / timing.batch) for us in (timing.p50_us, timing.p95_us, timing.p99_us))
    fastest = max(timing.batch / timing.p50_us for timing in measurement.timings) * 1e6
    all_batches = f"{three_digits(measurement.us_per_digit)}\n±{spread(measurement.blocks_us_per_digit):.0%}"
    speed = f"{all_batches}\n{fastest:,.0f}"
    yield f"{speed}\n{energy.power_mw:.0f}" if energy else speed
