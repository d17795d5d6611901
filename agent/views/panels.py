"""The dashboard's parts, and how they share the screen: pure functions from a snapshot to something Rich prints."""

from __future__ import annotations

from rich.align import Align
from rich.box import ROUNDED
from rich.console import RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agent.events import LATENCIES, Counts, RunInfo
from agent.views.figures import count, duration, ms, power, sparkline
from agent.views.history import Snapshot
from agent.views.picture import SURE, UNSURE, Picture

WIDE_COLUMNS = 76
"""From here on the picture stands beside the figures."""
TALL_ROWS = 18
"""Below it there is no room for a picture."""
SIDE_COLUMNS = (34, 54)
FRAME = 2
"""Cells that a panel's border takes, across and down."""
NET_ROWS = 5
STALLED_S = 3.0
DIM, EDGE, ACCENT, GOOD, WARN, BAD = "bright_black", "bright_black", "cyan", "green", "yellow", "red"


def dashboard(info: RunInfo, now: Snapshot, width: int, height: int) -> RenderableType:
    """The whole screen, `width` × `height` cells."""
    screen = Layout()
    if width >= WIDE_COLUMNS and height >= TALL_ROWS:
        body = _beside(info, now, width, height - 2)
    else:
        body = _stacked(info, now, width, height - 2)
    screen.split_column(Layout(header(info, now, width), size=1), body, Layout(footer(now), size=1))
    return screen


def _beside(info: RunInfo, now: Snapshot, width: int, height: int) -> Layout:
    """The picture and the net on the left, the figures on the right."""
    side = min(max(width * 2 // 5, SIDE_COLUMNS[0]), SIDE_COLUMNS[1])
    left, right = Layout(), Layout(size=side)
    left.split_column(
        Layout(picture_panel(now, width - side - FRAME, height - NET_ROWS - FRAME)),
        Layout(net_panel(info), size=NET_ROWS),
    )
    right.split_column(
        Layout(readings_panel(now, height)),
        Layout(latency_panel(now, side - FRAME - 2), size=len(LATENCIES) + 1 + FRAME),
        Layout(machine_panel(info, now, side - FRAME - 2), size=4 + FRAME),
    )
    body = Layout()
    body.split_row(left, right)
    return body


def _stacked(info: RunInfo, now: Snapshot, width: int, height: int) -> Layout:
    """One below the other, what matters least left out first."""
    parts = [Layout(readings_panel(now, height), ratio=1, minimum_size=3)]
    left = height - 5
    for panel, size in (
        (latency_panel(now, width - FRAME - 2), len(LATENCIES) + 1 + FRAME),
        (machine_panel(info, now, width - FRAME - 2), 4 + FRAME),
        (net_panel(info), NET_ROWS),
    ):
        if size <= left:
            parts.append(Layout(panel, size=size))
            left -= size
    if left >= 8:
        parts.insert(0, Layout(picture_panel(now, width - FRAME, left - FRAME), size=left))
    body = Layout()
    body.split_column(*parts)
    return body


def header(info: RunInfo, now: Snapshot, width: int) -> Text:
    """Name and source on the left; on the right whether frames come, how many, and for how long."""
    if now.away is not None:
        pulse = Text(f"● {now.away}", style=f"bold {BAD}")
    elif now.since_frame_s > STALLED_S:
        pulse = Text(f"● no frame for {duration(now.since_frame_s)}", style=f"bold {BAD}")
    else:
        alive = GOOD if now.tick is not None else DIM
        pulse = Text.assemble(("● ", alive), (f"{now.frames_per_s:.1f} frames/s", "bold"))
    right = Text.assemble(" ", pulse, (f"  {duration(now.uptime_s)} ", DIM))
    left = Text.assemble((" digit-agent ", f"bold reverse {ACCENT}"), " ", (info.source, "bold"))
    left.truncate(max(width - right.cell_len, 0), overflow="ellipsis", pad=True)
    line = left + right
    line.truncate(width)
    return line


def footer(now: Snapshot) -> Text:
    """What was said last, else how to leave."""
    said = (
        Text(f" {now.notice}", style=WARN) if now.notice else Text(" Ctrl-C ends the run with its summary", style=DIM)
    )
    said.no_wrap, said.overflow = True, "ellipsis"
    return said


def picture_panel(now: Snapshot, columns: int, rows: int) -> Panel:
    """The newest frame, with what was read on it."""
    tick = now.tick
    if tick is None or tick.image is None or columns < 1 or rows < 1:
        return _panel(Align.center(Text("waiting for the first frame", style=DIM), vertical="middle"), "frame")
    shape = f"{tick.page.width} × {tick.page.height}"
    picture = Picture(tick.image, tick.page, columns, rows)
    centred = Align.center(picture, vertical="middle", width=picture.columns, height=rows)
    return _panel(centred, f"frame {count(tick.number)}", shape, padding=(0, 0))


def readings_panel(now: Snapshot, rows: int) -> Panel:
    """Readings announced, the newest on top."""
    if not now.heard:
        return _panel(Text("none yet", style=DIM), "readings")
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(justify="right", no_wrap=True)
    for place, heard in enumerate(now.heard[:rows]):
        colour = GOOD if heard.confidence >= SURE else WARN if heard.confidence >= UNSURE else BAD
        text_style = f"bold {ACCENT}" if place == 0 else "bold"
        table.add_row(
            Text(f"{heard.at:%H:%M:%S}", style=DIM),
            Text(heard.text, style=text_style),
            Text(f"{heard.confidence:.0%}", style=colour),
        )
    total = now.tick.counts.readings if now.tick is not None else 0
    return _panel(table, "readings", count(total))


def latency_panel(now: Snapshot, width: int) -> Panel:
    """Each stage with its sparkline and percentiles, from capture to result."""
    table = Table.grid(padding=(0, 1), expand=True)
    bars = max(width - 10 - 2 * 5 - 3, 1)
    table.add_column(width=10, no_wrap=True)
    table.add_column(width=bars, no_wrap=True)
    for _ in range(2):
        table.add_column(width=5, justify="right", no_wrap=True)
    table.add_row("", "", Text("p50", style=DIM), Text("p95", style=DIM))
    for stage in LATENCIES:
        figures = now.stages.get(stage)
        style = "bold" if stage == LATENCIES[-1] else ""
        name = Text(stage, style=style)
        if figures is None:
            table.add_row(name, "", Text("–", style=DIM), Text("–", style=DIM))
            continue
        spark = Text(sparkline(figures.trend_ms, bars), style=ACCENT)
        table.add_row(name, spark, Text(ms(figures.p50_ms), style=style), Text(ms(figures.p95_ms), style=style))
    return _panel(table, "latency", "ms")


def machine_panel(info: RunInfo, now: Snapshot, width: int) -> Panel:
    """Power, temperature, what holds the machine back, and what was dropped."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=11, no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    bars = max(width - 11 - 1 - 9, 0)
    vitals = now.tick.vitals if now.tick is not None else None
    if now.power_mw:
        shown = Text.assemble((f"{power(now.power_mw[-1]):<9}", "bold"), (sparkline(now.power_mw, bars), ACCENT))
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
        said = Text(info.slowed, style=f"bold {WARN}")
        said.append(f"{', ' if info.slowed and throttling else ''}{', '.join(throttling or ())}", style=f"bold {BAD}")
        table.add_row("throttling", said)
    else:
        table.add_row("throttling", Text("none" if throttling is not None else "no sensor", style=DIM))
    counts = now.tick.counts if now.tick is not None else Counts()
    frames = Text(count(counts.frames))
    frames.append(f", {count(counts.dropped)} dropped", style=WARN if counts.dropped else DIM)
    if counts.unchanged:
        frames.append(f", {count(counts.unchanged)} the same", style=DIM)
    table.add_row("frames", frames)
    return _panel(table, "machine", info.board)


def net_panel(info: RunInfo) -> Panel:
    """Which artifact runs in which runtime, and why."""
    what = Text.assemble((info.artifact, "bold"), (" in ", DIM), (info.runtime, "bold"))
    what.no_wrap, what.overflow = True, "ellipsis"
    table = Table.grid(expand=True)
    table.add_row(what)
    table.add_row(Text(info.reason, style=DIM, overflow="ellipsis"))
    return _panel(table, "net")


def _panel(content: RenderableType, title: str, aside: str = "", padding: tuple[int, int] = (0, 1)) -> Panel:
    heading = Text.assemble((title, f"bold {ACCENT}"), (f" · {aside}" if aside else "", DIM))
    return Panel(content, box=ROUNDED, title=heading, title_align="left", border_style=EDGE, padding=padding)
