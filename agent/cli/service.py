"""`digit-agent service`: puts the systemd service in place, and takes it away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from profiles.errors import UsageError

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")

Root = Annotated[Path, typer.Option("--root", metavar="DIR", help="The folder that is / for it: an image's, say.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


Board = Annotated[
    str | None,
    typer.Option("--board", metavar="NAME", help="The board that it will run on: pi4, say. Default: the one it is."),
]


@app.command()
def install(root: Root = Path("/"), board: Board = None, dry_run: DryRun = False) -> None:
    """Write the service's files: unit, bounds, user, folders, udev rule, and an example of its options.

    Nothing is started; the commands for that are printed. Options that are already there stay as they are. How much
    memory and processor it may take comes from the board's profile.

    Example: **sudo "$(command -v digit-agent)" service install**
    """
    from agent import service
    from profiles.board import detect_board
    from profiles.profile import load_profile

    executable = _executable()
    profile = detect_board(root).profile if board is None else load_profile(board)
    files = service.service_files(root, executable, profile)
    for file in () if dry_run else files:
        service.write_file(file)
    for file in files:  # told only now: who reads it may go away, and the service shall be whole
        typer.echo(f"{'would write' if dry_run else 'wrote'} {file.path}")
    _warn_if_closed(executable)
    if not dry_run:
        _say_next(_AFTER_INSTALL if root == Path("/") else (f"systemctl --root={root} enable digit-agent",))


@app.command()
def uninstall(root: Root = Path("/"), dry_run: DryRun = False) -> None:
    """Remove the service's files; options, recordings and the user stay.

    Example: **sudo "$(command -v digit-agent)" service uninstall**
    """
    from agent import service

    paths = service.installed_files(root)
    for path in () if dry_run else paths:
        service.remove_file(path)
    for path in paths:
        typer.echo(f"{'would remove' if dry_run else 'removed'} {path}")
    if not paths:
        typer.echo(f"no service is installed in {root}")
    elif not dry_run and root == Path("/"):
        _say_next(("systemctl stop digit-agent", "systemctl daemon-reload"))


_AFTER_INSTALL = (
    "systemd-sysusers /etc/sysusers.d/digit-agent.conf",
    "systemd-tmpfiles --create /etc/tmpfiles.d/digit-agent.conf",
    "udevadm control --reload && udevadm trigger",
    "systemctl daemon-reload",
    "systemctl enable --now digit-agent",
)


def _executable() -> Path:
    """The `digit-agent` that is running; the one beside Python where it was started in another way."""
    started = Path(sys.argv[0])
    executable = started.absolute() if started.name == "digit-agent" else Path(sys.executable).with_name("digit-agent")
    if not executable.is_file():
        raise UsageError(f"there is no {executable} for the service to start; run the digit-agent that is installed")
    return executable


def _warn_if_closed(executable: Path) -> None:
    from agent.service import closed_to_others

    for program in (executable, Path(sys.executable)):
        if closed := closed_to_others(program):
            typer.echo(
                f"digit-agent: warning: the service's user cannot run {program}, because {closed} is closed to others; "
                "install digit-agent where everybody may enter, such as a virtual environment in /opt",
                err=True,
            )
            return


def _say_next(commands: tuple[str, ...]) -> None:
    typer.echo("\nNext, as root:")
    for command in commands:
        typer.echo(f"  {command}")
