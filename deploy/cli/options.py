"""Options that several commands have, and the board that they describe."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from profiles.errors import UsageError

if TYPE_CHECKING:
    from deploy.service_control import Machine

ROOT = Path("/var/lib/digit-deploy")
FRAMES = 30
TIMEOUT_S = 120.0

Root = Annotated[Path, typer.Option("--root", metavar="DIR", help="Where versions are installed.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]
Agent = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="The digit-agent that the service came with.", show_default="the one beside this program"
    ),
]
Restart = Annotated[
    str | None,
    typer.Option(
        metavar="COMMAND",
        help="Starts the service again, and succeeds when it is ready.",
        show_default="systemctl restart digit-agent",
    ),
]
HealthFile = Annotated[
    Path | None,
    typer.Option(
        "--health",
        metavar="FILE",
        help="The agent's health.",
        show_default="/run/digit-agent/health.json",
    ),
]
Frames = Annotated[
    int, typer.Option(metavar="N", min=0, help="Frames to see without a fault; 0 only waits until it is ready.")
]
Timeout = Annotated[float, typer.Option(metavar="S", min=0, help="Seconds to wait for those frames.")]


def this_machine(
    *,
    agent: Path | None = None,
    restart: str | None = None,
    health: Path | None = None,
    frames: int = FRAMES,
    timeout: float = TIMEOUT_S,
    check: str | None = None,
) -> Machine:
    """The board that this runs on, and the commands by which it is reached.

    Raises:
        UsageError: a command is none.
    """
    from deploy.health import HEALTH_FILE
    from deploy.service_control import RESTART, Machine
    from profiles.board import detect_board

    return Machine(
        board=detect_board().profile.name,
        agent=agent or Path(sys.executable).with_name("digit-agent"),
        check=_words("--check", check) if check is not None else None,
        restart=(_words("--restart", restart),) if restart is not None else RESTART,
        health=health or HEALTH_FILE,
        frames=frames,
        timeout_s=timeout,
    )


def _words(option: str, command: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        words = ()
    if not words:
        raise UsageError(f"{option} {command!r} is no command; give a program and its arguments")
    return words
