"""The table of `digit-agent bench`: a candidate a row, the best first."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.table import Table

from agent.bench import NOT_MEASURABLE, Bench, Contest, Row
from agent.choice.candidates import FORMAT_NAMES, place
from agent.choice.doubt import spread
from agent.choice.rank import figure
from agent.sensors.throttling import advice

BYTES_PER_MB = 1e6


def contest_table(title: str, contest: Contest) -> Table:
    """Two lines a cell; times are µs a digit, the median above p95 and p99."""
    first = contest.rows[0].measured
    table = Table(
        title=f"{contest.role} on {title}; µs a digit: median, below it p95 and p99",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column("", no_wrap=True)
    table.add_column("net", overflow="fold", min_width=14)
    headings = [
        "kB\nright",
        "cold\nmemory",
        *(f"{timing.batch}\nat once" for timing in first.timings),
        "digits/s\nspread",
    ]
    if any(row.measured.energy for row in contest.rows):
        headings.append("mJ a digit\npower")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in contest.rows:
        winner = row is contest.winner
        cells = list(_cells(row))[: len(headings)]
        table.add_row("▶" if winner else "", _name(row), *cells, style="bold green" if winner else None)
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
    measured, artifact = row.measured, row.measured.candidate.artifact
    yield f"{figure(artifact.bytes / 1000)}\n{f'{artifact.accuracy.value:.2%}' if artifact.accuracy else '–'}"
    if row.start is None:
        yield "–\n–"
    else:
        yield f"{figure(row.start.cold_ms)} ms\n{figure(row.start.resident_bytes / BYTES_PER_MB)} MB"
    for timing in measured.timings:
        p50, p95, p99 = (figure(us / timing.batch) for us in (timing.p50_us, timing.p95_us, timing.p99_us))
        yield f"{p50}\n{p95} {p99}"
    fastest = max(timing.batch / timing.p50_us for timing in measured.timings) * 1e6
    yield f"{fastest:,.0f}\n±{spread(measured.blocks_us_per_digit):.0%}"
    yield f"{figure(measured.energy.mj_per_digit)}\n{measured.energy.power_mw:.0f} mW" if measured.energy else "–\n–"
