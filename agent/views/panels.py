"""The panels of the dashboard and their layout: functions that turn a snapshot into Rich renderables."""

from __future__ import annotations

from rich.align import Align
from rich.box import ROUNDED
from rich.console import RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agent.events import LATENCY_STAGES, Counts, RunInfo
from agent.views.history import Snapshot
from agent.views.picture import HIGH_CONFIDENCE, MEDIUM_CONFIDENCE, Picture
from agent.views.units import format_count, format_duration, format_ms, format_power, sparkline

MIN_WIDE_COLUMNS, MIN_WIDE_ROWS = 76, 18
"""Screen size, in cells, from which the picture is beside the figures instead of above them."""
SIDE_COLUMNS = (34, 54)
"""Minimum and maximum width of the column on the right, in cells."""
BORDER = 2
"""Cells that the border of a panel takes, in each direction."""
NET_ROWS = 5
"""Height of the panel of the net, in rows."""
STALLED_S = 3.0
"""Seconds without a frame after which the header warns."""
DIM, EDGE, ACCENT, GOOD, WARN, BAD = "bright_black", "bright_black", "cyan", "green", "yellow", "red"


def dashboard(info: RunInfo, now: Snapshot, width: int, height: int) -> RenderableType:
    """Return the whole screen of `width` × `height` cells."""
    screen = Layout()
    if width >= MIN_WIDE_COLUMNS and height >= MIN_WIDE_ROWS:
        body = _beside(info, now, width, height - 2)
    else:
        body = _stacked(info, now, width, height - 2)
    screen.split_column(Layout(header(info, now, width), size=1), body, Layout(footer(now), size=1))
    return screen


def _beside(info: RunInfo, now: Snapshot, width: int, height: int) -> Layout:
    """Put the picture and the net on the left, and the figures on the right."""
    side = min(max(width * 2 // 5, SIDE_COLUMNS[0]), SIDE_COLUMNS[1])
    left, right = Layout(), Layout(size=side)
    left.split_column(
        Layout(picture_panel(now, width - side - BORDER, height - NET_ROWS - BORDER)),
        Layout(net_panel(info), size=NET_ROWS),
    )
    right.split_column(
        Layout(readings_panel(now, height)),
        Layout(latency_panel(now, side - BORDER - 2), size=len(LATENCY_STAGES) + 1 + BORDER),
        Layout(machine_panel(info, now, side - BORDER - 2), size=4 + BORDER),
    )
    body = Layout()
    body.split_row(left, right)
    return body


def _stacked(info: RunInfo, now: Snapshot, width: int, height: int) -> Layout:
    """Put the panels one below the other; if there is no room, omit the least important ones."""
    parts = [Layout(readings_panel(now, height), ratio=1, minimum_size=3)]
    left = height - 5
    for panel, size in (
        (latency_panel(now, width - BORDER - 2), len(LATENCY_STAGES) + 1 + BORDER),
        (machine_panel(info, now, width - BORDER - 2), 4 + BORDER),
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


def header(info: RunInfo, now: Snapshot, width: int) -> Text:
    """Show the name and the source on the left, and the frame rate or the outage and the uptime on the right."""
    if now.outage is not None:
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


def footer(now: Snapshot) -> Text:
    """Show the last fault, or how to stop the run."""
    text = Text(f" {now.fault}", style=WARN) if now.fault else Text(" Ctrl-C stops the run", style=DIM)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def picture_panel(now: Snapshot, columns: int, rows: int) -> Panel:
    """Show the newest frame with its digits."""
    event = now.frame
    if event is None or event.image is None or columns < 1 or rows < 1:
        return _panel(Align.center(Text("waiting for the first frame", style=DIM), vertical="middle"), "frame")
    shape = f"{event.page.width} × {event.page.height}"
    picture = Picture(event.image, event.page, columns, rows)
    centred = Align.center(picture, vertical="middle", width=picture.columns, height=rows)
    return _panel(centred, f"frame {format_count(event.number)}", shape, padding=(0, 0))


def readings_panel(now: Snapshot, rows: int) -> Panel:
    """Show the announced readings, newest first."""
    if not now.readings:
        return _panel(Text("none yet", style=DIM), "readings")
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(justify="right", no_wrap=True)
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


def latency_panel(now: Snapshot, width: int) -> Panel:
    """Show the sparkline and the percentiles of each stage."""
    table = Table.grid(padding=(0, 1), expand=True)
    bars = max(width - 10 - 2 * 5 - 3, 1)
    table.add_column(width=10, no_wrap=True)
    table.add_column(width=bars, no_wrap=True)
    for _ in range(2):
        table.add_column(width=5, justify="right", no_wrap=True)
    table.add_row("", "", Text("p50", style=DIM), Text("p95", style=DIM))
    for stage in LATENCY_STAGES:
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


def machine_panel(info: RunInfo, now: Snapshot, width: int) -> Panel:
    """Show power, temperature, throttling and dropped frames."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=11, no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    bars = max(width - 11 - 1 - 9, 0)
    vitals = now.frame.vitals if now.frame is not None else None
    if now.power_mw:
        shown = Text.assemble((f"{format_power(now.power_mw[-1]):<9}", "bold"), (sparkline(now.power_mw, bars), ACCENT))
    else:
        shown = Text("no sensor" if info.power_sensor is None else "not measured yet", style=DIM)
    table.add_row("power", shown)
    if now.temperature_c:
        degrees = f"{now.temperature_c[-1]:.1f} °C"
        shown = Text.assemble((f"{degrees:<9}", "bold"), (sparkline(now.temperature_c, bars), ACCENT))
    else:
        shown = Text("no sensor", style=DIM)
    table.add_row("temperature", shown)
    throttling = vitals.throttling if vitals is not None else None
    if throttling or info.slowed:
        reasons = Text(info.slowed, style=f"bold {WARN}")
        reasons.append(
            f"{', ' if info.slowed and throttling else ''}{', '.join(throttling or ())}", style=f"bold {BAD}"
        )
        table.add_row("throttling", reasons)
    else:
        table.add_row("throttling", Text("none" if throttling is not None else "no sensor", style=DIM))
    counts = now.frame.counts if now.frame is not None else Counts()
    frames = Text(format_count(counts.frames))
    frames.append(f", {format_count(counts.dropped)} dropped", style=WARN if counts.dropped else DIM)
    if counts.unchanged:
        frames.append(f", {format_count(counts.unchanged)} unchanged", style=DIM)
    table.add_row("frames", frames)
    return _panel(table, "machine", info.board)


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
