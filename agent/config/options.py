"""Each option of `digit-agent run`, once: for the command line, the configuration file and its example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_args, get_type_hints

LARGEST_PX = 16384


@dataclass(frozen=True)
class Option:
    """What people are told of an option, and what it may be."""

    help: str
    example: str | float
    metavar: str | None = None
    """What stands for the value; None for a switch."""
    switch: str | None = None
    """How a switch is written on the command line, with its opposite where it has one."""
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, kw_only=True)
class Config:
    """What one place says, such as a file or the command line; None is what it does not say."""

    source: Annotated[
        str | None,
        Option(
            "Camera ('0', '/dev/video0', 'csi://0'), stream ('http://…', 'rtsp://…'), video, picture, folder, "
            "quoted glob, or 'demo:'. Default: the board's camera.",
            example="csi://0",
            metavar="URI",
        ),
    ] = None
    camera: Annotated[str | None, Option("A camera, short for --source.", example="0", metavar="N|PATH")] = None
    artifacts: Annotated[
        Path | None,
        Option("Artifacts other than those shipped.", example="/var/lib/digit-agent/artifacts", metavar="DIR"),
    ] = None
    json: Annotated[
        bool | None,
        Option("One JSON object per reading; the summary goes to stderr.", example=True, switch="--json/--no-json"),
    ] = None
    no_dashboard: Annotated[
        bool | None, Option("A plain line per reading.", example=True, switch="--no-dashboard/--dashboard")
    ] = None
    log: Annotated[
        Path | None,
        Option("Database of readings, latency and power.", example="/run/digit-agent/agent.db", metavar="FILE"),
    ] = None
    no_log: Annotated[bool | None, Option("Keep no log.", example=True, switch="--no-log")] = None
    frames: Annotated[int | None, Option("Stop after so many frames.", example=1000, metavar="N", least=1)] = None
    seconds: Annotated[float | None, Option("Stop after so many seconds.", example=3600.0, metavar="S", least=0)] = None
    width: Annotated[
        int | None,
        Option("Width to ask the camera for, in pixels.", example=1280, metavar="PX", least=1, most=LARGEST_PX),
    ] = None
    height: Annotated[
        int | None,
        Option("Height to ask the camera for, in pixels.", example=720, metavar="PX", least=1, most=LARGEST_PX),
    ] = None


_HINTS = get_type_hints(Config, include_extras=True)
OPTIONS: Mapping[str, Option] = {name: hint.__metadata__[0] for name, hint in _HINTS.items()}
"""By the names of `Config`'s fields."""
TYPES: Mapping[str, type] = {name: get_args(hint.__origin__)[0] for name, hint in _HINTS.items()}
"""What each option is: str, Path, bool, int or float."""


def spelling(name: str) -> str:
    """An option's name as it is written in the file, and after two dashes on the command line."""
    return name.replace("_", "-")


def contradictions(said: Config) -> Iterator[tuple[str, str, str]]:
    """The pairs of options of which one place may give only one, where it gives both; and why not, in words."""
    for one, other, why in (("camera", "source", "both name a source"), ("log", "no_log", "contradict each other")):
        if not {getattr(said, one), getattr(said, other)} & {None, False}:
            yield one, other, why
