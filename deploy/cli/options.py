"""Options that several commands share."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from profiles.errors import UsageError
from profiles.foreign_text import show, to_json

if TYPE_CHECKING:
    from deploy.service_control import BoardControl

FRAMES = 30
"""Default of `--frames`. Raising it finds more faults and makes an installation slower. Chosen by trial."""
TIMEOUT_S = 120.0
"""Default of `--timeout`, in seconds. Chosen by trial."""

ALLOW_DOWNGRADE = "Install even if a newer version is in use, or another bundle of the same version."
"""Help of `--allow-downgrade`."""

Root = Annotated[Path, typer.Option("--root", metavar="DIR", help="Folder in which versions are installed.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
PublicKey = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Keys that may sign bundles, one line for each.",
        show_default="/etc/digit-agent/deploy.pub",
    ),
]
Agent = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The digit-agent that the service was installed with.",
        show_default="the one beside this program",
    ),
]
Restart = Annotated[
    str | None,
    typer.Option(
        metavar="COMMAND",
        help="Command that restarts the service and succeeds when it is ready.",
        show_default="systemctl restart digit-agent",
    ),
]
HealthFile = Annotated[
    Path | None,
    typer.Option(
        "--health",
        metavar="FILE",
        help="Health file of the agent.",
        show_default="/run/digit-agent/health.json",
    ),
]
Frames = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=0,
        help="Frames that the agent must finish without a fault before the new version is kept. With 0, it is kept as "
        "soon as the service is ready.",
    ),
]
Timeout = Annotated[float, typer.Option(metavar="S", min=0, help="Longest wait for these frames, in seconds.")]


def say(text: str) -> None:
    """Print a line for people. It may name files, boards, and what a board has answered."""
    typer.echo(show(text))


def say_json(value: object) -> None:
    """Print a JSON object on one line."""
    typer.echo(to_json(value))


def this_machine(
    *,
    agent: Path | None = None,
    restart: str | None = None,
    health: Path | None = None,
    frames: int = FRAMES,
    timeout: float = TIMEOUT_S,
    check: str | None = None,
) -> BoardControl:
    """Return the control of this board from command-line options.

    Raises:
        UsageError: an option is not a valid command.
    """
    from deploy.service_control import RESTART, BoardControl
    from profiles.board import detect_board
    from profiles.health import HEALTH_FILE

    return BoardControl(
        board=detect_board().profile.name,
        agent=(agent or Path(sys.executable).with_name("digit-agent")).absolute(),
        check=_split("--check", check) if check is not None else None,
        restart=(_split("--restart", restart),) if restart is not None else RESTART,
        health=health or HEALTH_FILE,
        frames=frames,
        timeout_s=timeout,
    )


def _split(option: str, command: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError:
        words = ()
    if not words:
        raise UsageError(f"{option} {command!r} is not a command", advice="give a program and its arguments")
    return words
