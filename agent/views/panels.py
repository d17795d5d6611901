"""The panels of the dashboard and their layout: functions that turn a snapshot into Rich renderables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.align import Align
from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agent.events import LATENCY_STAGES, Counts, RunInfo, SendingCounts
from agent.views.history import Snapshot
from agent.views.picture import HIGH_CONFIDENCE, MEDIUM_CONFIDENCE, Picture
from agent.views.units import format_bytes, format_count, format_duration, format_ms, format_power, sparkline

MIN_WIDE_COLUMNS, MIN_WIDE_ROWS = 76, 18
"""Screen size, in cells, from which the picture is beside the figures instead of above them."""
SIDE_COLUMNS = (34, 54)
"""Minimum and maximum width of the column on the right, in cells."""
BORDER = 2
"""Cells that the border of a panel takes, in each direction."""
NET_ROWS = 5
"""Height of the panel of the net, in rows."""
MAX_SIGHTINGS = 3
"""Numbers that are not announced yet take up to this many rows of the readings."""
STALLED_S = 3.0
"""Seconds without a frame after which the header warns."""
MIN_STAGES_ROWS = 30
"""Screen height, in cells, from which each stage has a row; a lower screen shows only the age and the total."""
MACHINE_LABEL_COLUMNS, MACHINE_VALUE_COLUMNS = 11, 9
"""Width of the label and of the value before a sparkline, in cells."""
NO_VALUE = "–"
DIM, EDGE, ACCENT, GOOD, WARN, BAD = "bright_black", "bright_black", "cyan", "green", "yellow", "red"


@dataclass(frozen=True)
class Footer:
    """What the last line shows about the keys."""

    keys: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """A label and an explanation by key; empty if there is no keyboard."""
    notice: str = ""
    """Answer to the last key; empty if there is none, or not any more."""
    show_help: bool = False
    """Whether the explanations are shown instead of the panels."""


def dashboard(info: RunInfo, now: Snapshot, width: int, height: int, foot: Footer = Footer()) -> RenderableType:
    """Return the whole screen of `width` × `height` cells."""
    screen = Layout()
    if foot.show_help:
        body = Layout(help_panel(foot))
    elif width >= MIN_WIDE_COLUMNS and height >= MIN_WIDE_ROWS:
        body = _beside(info, now, width, height - 2)
    else:
        body = _stacked(info, now, width, height - 2)
    screen.split_column(Layout(header(info, now, width), size=1), body, Layout(footer(now, foot), size=1))
    return screen


def _beside(info: RunInfo, now: Snapshot, width: int, height: int) -> Layout:
    """Put the picture and the net on the left, and the figures on the right."""
    side = min(max(width * 2 // 5, SIDE_COLUMNS[0]), SIDE_COLUMNS[1])
    left, right = Layout(), Layout(size=side)
    left.split_column(
        Layout(picture_panel(now, width - side - BORDER, height - NET_ROWS - BORDER)),
        Layout(net_panel(info), size=NET_ROWS),
    )
    stages, machine = _stages(height), machine_rows(info, now, side - BORDER - 2)
    right.split_column(
        Layout(results_panel(now, height)),
        Layout(latency_panel(now, side - BORDER - 2, stages), size=len(stages) + 1 + BORDER),
        Layout(_panel(machine, "machine", info.board), size=machine.row_count + BORDER),
    )
    body = Layout()
    body.split_row(left, right)
    return body


def _stacked(info: RunInfo, now: Snapshot, width: int, height: int) -> Layout:
    """Put the panels one below the other; if there is no room, omit the least important ones."""
    parts = [Layout(results_panel(now, height), ratio=1, minimum_size=3)]
    left = height - 5
    stages, machine = _stages(height), machine_rows(info, now, width - BORDER - 2)
    for panel, size in (
        (latency_panel(now, width - BORDER - 2, stages), len(stages) + 1 + BORDER),
        (_panel(machine, "machine", info.board), machine.row_count + BORDER),
        (net_panel(info), NET_ROWS),
    ):
        if size <= left:
            parts.append(Layout(panel, size=size))
            left -= size
    if left >= 8:
        parts.insert(0, Layout(picture_panel(now, width - BORDER, left - BORDER), size=left))
    body = Layout()
    body.split_column(*parts)
    return body


def _stages(height: int) -> Sequence[str]:
    """Return the stages for which a body of `height` rows has room."""
    return LATENCY_STAGES if height >= MIN_STAGES_ROWS - 2 else (LATENCY_STAGES[0], LATENCY_STAGES[-1])


def header(info: RunInfo, now: Snapshot, width: int) -> Text:
    """Show the name and the source on the left, and the frame rate or the outage and the uptime on the right."""
    if info.paused:
        state = Text("● paused", style=f"bold {WARN}")
    elif now.outage is not None:
        state = Text(f"● {now.outage}", style=f"bold {BAD}")
    elif now.since_frame_s > STALLED_S:
        state = Text(f"● no frame for {format_duration(now.since_frame_s)}", style=f"bold {BAD}")
    else:
        alive = GOOD if now.frame is not None else DIM
        state = Text.assemble(("● ", alive), (f"{now.frames_per_s:.1f} frames/s", "bold"))
    right = Text.assemble(" ", state, (f"  {format_duration(now.uptime_s)} ", DIM))
    left = Text.assemble((" digit-agent ", f"bold reverse {ACCENT}"), " ", (info.source, "bold"))
    left.truncate(max(width - right.cell_len, 0), overflow="ellipsis", pad=True)
    line = left + right
    line.truncate(width)
    return line


def footer(now: Snapshot, foot: Footer = Footer()) -> Text:
    """Show the answer to the last key, or the last fault, or the keys."""
    if foot.notice:
        text = Text(f" {foot.notice}", style=ACCENT)
    elif now.fault:
        text = Text(f" {now.fault}", style=WARN)
    else:
        keys = (
            (part, style) for key, (label, _) in foot.keys.items() for part, style in ((key, ""), (f" {label}   ", DIM))
        )
        text = Text.assemble(" ", *keys) if foot.keys else Text(" Ctrl-C stops the run", style=DIM)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def help_panel(foot: Footer) -> Panel:
    """Explain the keys."""
    table = Table.grid(padding=(0, 2))
    for key, (_, explanation) in foot.keys.items():
        table.add_row(Text(key, style="bold"), Text(explanation))
    table.add_row(Text("Ctrl-Z", style="bold"), Text("Stop for a while and go back to the shell; `fg` goes on."))
    return _panel(table, "keys")


def picture_panel(now: Snapshot, columns: int, rows: int) -> Panel:
    """Show the newest frame with its digits."""
    event = now.frame
    if event is None or event.image is None or columns < 1 or rows < 1:
        return _panel(Align.center(Text("waiting for the first frame", style=DIM), vertical="middle"), "frame")
    shape = f"{event.page.width} × {event.page.height}"
    picture = Picture(event.image, event.page, columns, rows)
    centred = Align.center(picture, vertical="middle", width=picture.columns, height=rows)
    return _panel(centred, f"frame {format_count(event.number)}", shape, padding=(0, 0))


def results_panel(now: Snapshot, rows: int) -> Panel:
    """Show the newest record if the run reads forms, and the readings otherwise."""
    reads_forms = now.record is not None or (now.frame is not None and now.frame.form_note)
    return record_panel(now) if reads_forms else readings_panel(now, rows)


def record_panel(now: Snapshot) -> Panel:
    """Show the fields of the newest record, and why the sheet in view is not recorded now."""
    note = now.frame.form_note if now.frame is not None else ""
    parts: list[RenderableType] = [Text(note, style=DIM)] if note else []
    if now.record is None:
        return _panel(Group(*parts), "record")
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(justify="right", no_wrap=True)
    for one in now.record.record.fields:
        value = f"{one.value_text or one.text or NO_VALUE}{'' if one.is_sure else '  to check'}"
        colour = BAD if one.broken else _confidence_colour(one.confidence)
        table.add_row(one.name, Text(value, style="bold"), Text(f"{one.confidence:.0%}", style=colour))
    total = format_count(now.frame.counts.records) if now.frame is not None else ""
    return _panel(Group(*parts, table), f"record {total}", f"{now.record.record.form}, {now.record.at:%H:%M:%S}")


def readings_panel(now: Snapshot, rows: int) -> Panel:
    """Show the numbers in view that are not announced yet, with the reason; then the announced ones, newest first."""
    sightings = now.frame.sightings[:MAX_SIGHTINGS] if now.frame is not None else ()
    if not now.readings and not sightings:
        return _panel(Text("none yet", style=DIM), "readings")
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(justify="right", no_wrap=True)
    for sighting in sightings:
        text = Text.assemble((sighting.reading.shown_text, "bold"), (f"  {sighting.waits_for}", DIM))
        table.add_row("", text, Text(f"{sighting.reading.confidence:.0%}", style=DIM))
    for row, reading in enumerate(now.readings[:rows]):
        colour = _confidence_colour(reading.confidence)
        text_style = f"bold {ACCENT}" if row == 0 else "bold"
        table.add_row(
            Text(f"{reading.at:%H:%M:%S}", style=DIM),
            Text(reading.text, style=text_style),
            Text(f"{reading.confidence:.0%}", style=colour),
        )
    total = now.frame.counts.readings if now.frame is not None else 0
    return _panel(table, "readings", format_count(total))


def latency_panel(now: Snapshot, width: int, stages: Sequence[str] = LATENCY_STAGES) -> Panel:
    """Show the sparkline and the percentiles of each stage."""
    table = Table.grid(padding=(0, 1), expand=True)
    bars = max(width - 10 - 2 * 5 - 3, 1)
    table.add_column(width=10, no_wrap=True)
    table.add_column(width=bars, no_wrap=True)
    for _ in range(2):
        table.add_column(width=5, justify="right", no_wrap=True)
    table.add_row("", "", Text("p50", style=DIM), Text("p95", style=DIM))
    for stage in stages:
        times = now.stages.get(stage)
        style = "bold" if stage == LATENCY_STAGES[-1] else ""
        name = Text(stage, style=style)
        if times is None:
            table.add_row(name, "", Text("–", style=DIM), Text("–", style=DIM))
            continue
        spark = Text(sparkline(times.trend_ms, bars), style=ACCENT)
        table.add_row(
            name, spark, Text(format_ms(times.p50_ms), style=style), Text(format_ms(times.p95_ms), style=style)
        )
    return _panel(table, "latency", "ms")


def machine_rows(info: RunInfo, now: Snapshot, width: int) -> Table:
    """Show load, power, temperature, throttling and dropped frames; sensors that are missing share one row."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=MACHINE_LABEL_COLUMNS, no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    bars = max(width - MACHINE_LABEL_COLUMNS - 1 - MACHINE_VALUE_COLUMNS, 0)

    def add(label: str, value: str, trend: Sequence[float]) -> None:
        table.add_row(
            label, Text.assemble((f"{value:<{MACHINE_VALUE_COLUMNS}}", "bold"), (sparkline(trend, bars), ACCENT))
        )

    vitals = now.frame.vitals if now.frame is not None else None
    if now.cpu:
        add("cpu", f"{now.cpu[-1]:.0%}", now.cpu)
    if vitals is not None and vitals.load.memory is not None:
        table.add_row("memory", f"[bold]{vitals.load.memory:.0%}[/] of {format_bytes(vitals.load.memory_bytes)}")
    if now.power_mw:
        add("power", format_power(now.power_mw[-1]), now.power_mw)
    if now.temperature_c:
        add("temperature", f"{now.temperature_c[-1]:.1f} °C", now.temperature_c)
    throttling = vitals.throttling if vitals is not None else None
    if throttling or info.slowed:
        reasons = Text(info.slowed, style=f"bold {WARN}")
        reasons.append(
            f"{', ' if info.slowed and throttling else ''}{', '.join(throttling or ())}", style=f"bold {BAD}"
        )
        table.add_row("throttling", reasons)
    counts = now.frame.counts if now.frame is not None else Counts()
    frames = Text(format_count(counts.frames))
    frames.append(f", {format_count(counts.dropped)} dropped", style=WARN if counts.dropped else DIM)
    if counts.unchanged:
        frames.append(f", {format_count(counts.unchanged)} unchanged", style=DIM)
    table.add_row("frames", frames)
    add_sending_rows(table, now.sending)
    missing = [name for name, values in (("power", now.power_mw), ("temperature", now.temperature_c)) if not values]
    if missing:
        table.add_row(Text("no sensor", style=DIM), Text(", ".join(missing), style=DIM))
    return table


def add_sending_rows(table: Table, sending: SendingCounts) -> None:
    """Add a row for each way off the board, and one for what is lost."""
    for one in sending.outlets:
        text = Text(f"{format_count(one.delivered)} sent")
        if one.waiting:
            text.append(f", {format_count(one.waiting)} waiting", style=DIM if one.is_connected else WARN)
        if one.aside:
            text.append(f", {format_count(one.aside)} too large", style=BAD)
        if one.failures:
            text.append(f", {format_count(one.failures)} failed", style=DIM if one.is_connected else BAD)
        table.add_row(one.name, text)
    lost = ((sending.dropped, "dropped"), (sending.lost, "lost"))
    if any(count for count, _ in lost):
        words = ", ".join(f"{format_count(count)} {word}" for count, word in lost if count)
        table.add_row("outbox", Text(words, style=f"bold {BAD}"))


def net_panel(info: RunInfo) -> Panel:
    """Show the artifact, its runtime, and why they were chosen."""
    name = Text.assemble((info.artifact, "bold"), (" in ", DIM), (info.runtime, "bold"))
    name.no_wrap, name.overflow = True, "ellipsis"
    table = Table.grid(expand=True)
    table.add_row(name)
    table.add_row(Text(info.reason, style=DIM, overflow="ellipsis"))
    return _panel(table, "net")


def _confidence_colour(confidence: float) -> str:
    return GOOD if confidence >= HIGH_CONFIDENCE else WARN if confidence >= MEDIUM_CONFIDENCE else BAD


def _panel(content: RenderableType, title: str, aside: str = "", padding: tuple[int, int] = (0, 1)) -> Panel:
    heading = Text.assemble((title, f"bold {ACCENT}"), (f" · {aside}" if aside else "", DIM))
    return Panel(content, box=ROUNDED, title=heading, title_align="left", border_style=EDGE, padding=padding)
