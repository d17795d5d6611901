"""The closing summary, as a small table."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from agent.events import RunInfo
from agent.live.summary import Score, Summary
from agent.views.figures import count, energy, ms, power, took


def summary_table(info: RunInfo, summary: Summary) -> Table:
    """What a run came to: a label and a sentence a row."""
    counts = summary.counts
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    rate = f"{counts.frames / summary.seconds:.1f} a second, " if summary.seconds > 0 and counts.frames else ""
    table.add_row("source", Text(f"{info.source}, on {info.board}"))
    table.add_row("net", Text(f"{info.artifact} in {info.runtime}"))
    table.add_row("numbers", Text(f"{count(counts.readings)} read, of {count(counts.digits)} digits"))
    same = f", {count(counts.unchanged)} showed nothing new" if counts.unchanged else ""
    frames = f"{count(counts.frames)} in {took(summary.seconds)}, {rate}{count(counts.dropped)} dropped{same}"
    table.add_row("frames", Text(frames))
    if total := summary.latency.get("total"):
        p50, p95, p99 = ms(total.p50_ms), ms(total.p95_ms), ms(total.p99_ms)
        table.add_row("latency", Text(f"p50 {p50} ms, p95 {p95} ms, p99 {p99} ms from capture to result"))
    if summary.score is not None:
        table.add_row("accuracy", Text(_accuracy(summary.score)))
    table.add_row("power", Text(_power(info, summary)))
    return table


def _accuracy(score: Score) -> str:
    share = f"{score.share_right:.2%} of the {count(score.true)} digits shown were read right"
    return f"{share} ({count(score.right)}); {count(score.false)} read that are wrong or not there"


def _power(info: RunInfo, summary: Summary) -> str:
    """Mean power, energy, and what a frame and a reading cost: of which sensor, how often read, idle power and all."""
    if info.power_sensor is None:
        return "no power sensor on this machine: power not measurable"
    measured = summary.power
    if measured is None:
        return f"not measured: {info.power_sensor} gave no two samples"
    whole_mj = measured.mean_mw * summary.seconds
    costs = {"frame": summary.counts.frames, "reading": summary.counts.readings}
    each = "".join(f", {whole_mj / n:.1f} mJ a {what}" for what, n in costs.items() if n)
    rate = f"{measured.samples / measured.seconds:.1f} samples a second, idle power not subtracted"
    return f"{power(measured.mean_mw)} on average, {energy(measured.energy_mj)}{each} ({info.power_sensor}; {rate})"
