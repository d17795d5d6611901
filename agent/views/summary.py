"""The summary at the end of a run, as a small table."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from agent.events import RunInfo
from agent.summary import Score, Summary
from agent.views.foreign import foreign
from agent.views.units import format_count, format_energy, format_ms, format_power, format_seconds


def summary_table(info: RunInfo, summary: Summary) -> Table:
    """Return the summary of a run as a table of labels and sentences."""
    counts = summary.counts
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    rate = f"{counts.frames / summary.seconds:.1f} per second, " if summary.seconds > 0 and counts.frames else ""
    table.add_row("source", foreign(f"{info.source}, on {info.board}"))
    table.add_row("net", foreign(f"{info.artifact} in {info.runtime}"))
    digits = f"{format_count(counts.digits)} digit{'' if counts.digits == 1 else 's'}"
    if counts.records:
        table.add_row("records", Text(f"{format_count(counts.records)}, one for each sheet"))
    else:
        table.add_row("numbers", Text(f"{format_count(counts.readings)} read, with {digits}, each announced once"))
    unchanged = f", {format_count(counts.unchanged)} unchanged" if counts.unchanged else ""
    dropped = f"{format_count(counts.dropped)} dropped"
    frames = f"{format_count(counts.frames)} in {format_seconds(summary.seconds)}, {rate}{dropped}{unchanged}"
    table.add_row("frames", Text(frames))
    if total := summary.latency.get("total"):
        p50, p95, p99 = format_ms(total.p50_ms), format_ms(total.p95_ms), format_ms(total.p99_ms)
        first = f"; the first frame took {format_ms(summary.first_ms)} ms" if summary.first_ms is not None else ""
        table.add_row("latency", Text(f"p50 {p50} ms, p95 {p95} ms, p99 {p99} ms from capture to result{first}"))
    if summary.score is not None:
        table.add_row("accuracy", Text(_accuracy(summary.score)))
    table.add_row("power", foreign(_power(info, summary)))
    return table


def _accuracy(score: Score) -> str:
    right = f"{format_count(score.right)} of {format_count(score.true)}"
    false = f"{format_count(score.false)} false"
    return f"{score.share_right:.2%}: {right} digits read correctly, all frames together; {false}"


def _power(info: RunInfo, summary: Summary) -> str:
    """Describe the mean power, the energy, the energy per frame and per reading, the sensor and its sampling rate."""
    if info.power_sensor is None:
        return "not measurable: this machine has no power sensor"
    measured = summary.power
    if measured is None:
        return f"not measured: {info.power_sensor} gave fewer than two samples"
    run_mj = measured.mean_mw * summary.seconds
    counts = {"frame": summary.counts.frames, "reading": summary.counts.readings}
    per_item = "".join(f", {run_mj / n:.1f} mJ per {item}" for item, n in counts.items() if n)
    energy = f"{format_power(measured.mean_mw)} on average, {format_energy(measured.energy_mj)}{per_item}"
    rate = f"{measured.samples / measured.seconds:.1f} samples per second, idle power not subtracted"
    return f"{energy} ({info.power_sensor}; {rate})"
