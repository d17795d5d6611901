"""`digit-agent run`: read numbers from a camera until it is stopped."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from profiles.errors import UsageError


def run(
    *,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="Camera ('0', '/dev/video0', 'csi://0'), stream ('http://…', 'rtsp://…'), video, picture, folder, "
            "quoted glob, or 'demo:'. Default: the board's camera.",
        ),
    ] = None,
    camera: Annotated[str | None, typer.Option(metavar="N|PATH", help="A camera, short for --source.")] = None,
    artifacts: Annotated[Path | None, typer.Option(metavar="DIR", help="Artifacts other than those shipped.")] = None,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object per reading; the summary goes to stderr.")
    ] = False,
    no_dashboard: Annotated[bool, typer.Option("--no-dashboard", help="A plain line per reading.")] = False,
    log: Annotated[Path | None, typer.Option(metavar="FILE", help="Database of readings, latency and power.")] = None,
    no_log: Annotated[bool, typer.Option("--no-log", help="Keep no log.")] = False,
    frames: Annotated[int | None, typer.Option(metavar="N", min=1, help="Stop after so many frames.")] = None,
    seconds: Annotated[float | None, typer.Option(metavar="S", min=0, help="Stop after so many seconds.")] = None,
    width: Annotated[
        int | None, typer.Option(metavar="PX", min=1, help="Width to ask the camera for, in pixels.")
    ] = None,
    height: Annotated[
        int | None, typer.Option(metavar="PX", min=1, help="Height to ask the camera for, in pixels.")
    ] = None,
    screenshot: Annotated[Path | None, typer.Option(metavar="FILE.svg", hidden=True)] = None,
) -> None:
    """Read numbers from a camera, a stream, a video or pictures, until it ends or Ctrl-C.

    In a terminal a live dashboard shows what is read, how fast, and at what cost; elsewhere each reading is a line.

    Example: `digit-agent run --camera 0`, or without a camera `digit-agent run --source demo:`
    """
    if camera is not None and source is not None:
        raise UsageError("--camera and --source both name a source; give one of them")
    if log is not None and no_log:
        raise UsageError("--log and --no-log contradict each other; give one of them")
    from rich.console import Console

    from agent.live.loop import Limits
    from agent.live.run import RunOptions, View
    from agent.live.run import run as run_agent
    from agent.telemetry.schema import default_path
    from agent.views.summary import summary_table

    out, err = Console(), Console(stderr=True)
    live = sys.stdout.isatty() and not out.is_dumb_terminal and out.encoding.startswith("utf")
    view: View = "json" if json else "dashboard" if live and not no_dashboard else "plain"
    info, summary = run_agent(
        RunOptions(
            source=camera if camera is not None else source,
            artifacts=artifacts,
            log=None if no_log else log or default_path(),
            view=view,
            limits=Limits(frames, seconds),
            width=width,
            height=height,
            screenshot=screenshot,
        ),
        out,
        err,
    )
    if summary.counts.frames or summary.failure is None:
        (err if json else out).print(summary_table(info, summary))
    if summary.failure is not None:
        raise summary.failure
