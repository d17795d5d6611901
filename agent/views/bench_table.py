"""The table of `digit-agent bench`: a candidate a row, the best first."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.table import Table

from agent.bench import NOT_MEASURABLE, Bench, Contest, Row
from agent.choice.rank import figure
from agent.choice.significance import spread
from agent.choice.variants import FORMAT_NAMES, place
from agent.sensors.throttling import advice

BYTES_PER_MB = 1e6


def bench_table(title: str, contest: Contest) -> Table:
    """A few lines a cell; times are µs a digit: the median, p95 and p99, one below the other."""
    first = contest.rows[0].measured
    energy = any(row.measured.energy for row in contest.rows)
    table = Table(
        title=f"{contest.role} on {title}; µs a digit: median, p95, p99",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("", no_wrap=True)
    table.add_column("net", overflow="fold", min_width=14)
    batches = (f"{timing.batch}\nat once" for timing in first.timings)
    cost = ("cold\nmemory\nmJ", "digits/s\nspread\nmW") if energy else ("cold\nmemory", "digits/s\nspread")
    for heading in ("kB\nright", cost[0], *batches, cost[1]):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in contest.rows:
        winner = row is contest.winner
        table.add_row("▶" if winner else "", _name(row), *_cells(row), style="bold green" if winner else None)
    return table


def energy_line(told: Bench) -> str:
    """What the energy's figures are, or why there are none."""
    measured = [row.measured for contest in told.contests for row in contest.rows]
    energy = next((m.energy for m in measured if m.energy is not None), None)
    if energy is None:
        return NOT_MEASURABLE
    idle = "" if energy.idle_mw is None else f" ({energy.idle_mw:.0f} mW when idle)"
    return f"energy: {energy.sensor}; {energy.rate_hz:.2g} samples a second, idle power{idle} not subtracted"


def held_back_line(told: Bench) -> str:
    """What held the board back while it measured, for then its figures are not its best; empty where nothing did."""
    words = tuple(dict.fromkeys((*(told.before.throttling or ()), *(told.after.throttling or ()))))
    return f"the board was held back ({', '.join(words)}): {advice(words)}, then measure again" if words else ""


def _name(row: Row) -> str:
    candidate, artifact = row.measured.candidate, row.measured.candidate.artifact
    threads = f", {candidate.threads} threads" if candidate.threads > 1 else ""
    runtime = f"{place(candidate.runtime, candidate.provider)}{threads}"
    return f"{artifact.tier} {artifact.precision} {FORMAT_NAMES[artifact.format]}\n{runtime}"


def _cells(row: Row) -> Iterator[str]:
    measured, artifact, start, energy = row.measured, row.measured.candidate.artifact, row.start, row.measured.energy
    yield f"{figure(artifact.bytes / 1000)}\n{f'{artifact.accuracy.value:.2%}' if artifact.accuracy else '–'}"
    cold = f"{figure(start.cold_ms)} ms\n{figure(start.resident_bytes / BYTES_PER_MB)} MB" if start else "–\n–"
    yield f"{cold}\n{figure(energy.mj_per_digit)}" if energy else cold
    for timing in measured.timings:
        yield "\n".join(figure(us / timing.batch) for us in (timing.p50_us, timing.p95_us, timing.p99_us))
    fastest = max(timing.batch / timing.p50_us for timing in measured.timings) * 1e6
    speed = f"{fastest:,.0f}\n±{spread(measured.blocks_us_per_digit):.0%}"
    yield f"{speed}\n{energy.power_mw:.0f}" if energy else speed
