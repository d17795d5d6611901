"""`digit-agent service`: install and uninstall the systemd service."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.complete import boards
from profiles.command_group import CommandGroup
from profiles.errors import UsageError
from profiles.foreign_text import show

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, rich_markup_mode="markdown")

Root = Annotated[
    Path, typer.Option("--root", metavar="DIR", help="Folder to use as /, such as a mounted SD card image.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print what would be done.")]
BoardName = Annotated[
    str | None,
    typer.Option(
        "--board",
        metavar="NAME",
        help="Board that the service will run on, such as pi4. Default: this one.",
        autocompletion=boards,
    ),
]


@app.command()
def install(root: Root = Path("/"), board: BoardName = None, dry_run: DryRun = False) -> None:
    """Write the files of the service: unit, resource limits, user, folders, udev rule and an example configuration.

    Nothing is started; the commands that start it are printed. Existing configuration files are not changed. The
    limits for memory and CPU time come from the board's profile. Root runs a part of the service, so digit-agent must
    be installed where only root can change it.

    Example: `sudo "$(command -v digit-agent)" service install`
    """
    from agent import service
    from profiles.board import detect_board
    from profiles.profile import load_profile

    executable = _executable()
    service.refuse_changeable(root, executable, Path(sys.executable), Path(service.__file__).parents[1])
    profile = detect_board(root).profile if board is None else load_profile(board)
    files = service.service_files(root, executable, profile)
    for file in () if dry_run else files:
        service.write_file(file)
    for file in files:  # printed last: if the reader of stdout goes away, the installation is still complete
        typer.echo(show(f"{'would write' if dry_run else 'wrote'} {file.path}"))
    _warn_if_inaccessible(executable)
    if not dry_run:
        _print_next_steps(_AFTER_INSTALL if root == Path("/") else (f"systemctl --root={root} enable digit-agent",))


@app.command()
def uninstall(root: Root = Path("/"), dry_run: DryRun = False) -> None:
    """Remove the files of the service; the configuration, the log and the user are kept.

    Example: `sudo "$(command -v digit-agent)" service uninstall`
    """
    from agent import service

    paths = service.installed_files(root)
    for path in () if dry_run else paths:
        service.remove_file(path)
    for path in paths:
        typer.echo(show(f"{'would remove' if dry_run else 'removed'} {path}"))
    if not paths:
        typer.echo(show(f"no service is installed in {root}"))
    elif not dry_run and root == Path("/"):
        _print_next_steps(("systemctl stop digit-agent", "systemctl daemon-reload"))


_AFTER_INSTALL = (
    "systemd-sysusers /etc/sysusers.d/digit-agent.conf",
    "systemd-tmpfiles --create /etc/tmpfiles.d/digit-agent.conf",
    "udevadm control --reload && udevadm trigger",
    "systemctl daemon-reload",
    "systemctl enable --now digit-agent",
)


def _executable() -> Path:
    """Return the path of the running `digit-agent`, or of the one beside Python if it was started in another way."""
    started = Path(sys.argv[0])
    executable = started.absolute() if started.name == "digit-agent" else Path(sys.executable).with_name("digit-agent")
    if not executable.is_file():
        raise UsageError(f"there is no {executable} for the service to start", advice="run an installed digit-agent")
    return executable


def _warn_if_inaccessible(executable: Path) -> None:
    from agent.service import inaccessible_to_others

    for program in (executable, Path(sys.executable)):
        if closed := inaccessible_to_others(program):
            warning = (
                f"digit-agent: warning: the service's user cannot run {program}, because other users cannot enter "
                f"{closed}; install digit-agent in a folder that all users can enter, such as a virtual environment in "
                "/opt"
            )
            typer.echo(show(warning), err=True)
            return


def _print_next_steps(commands: tuple[str, ...]) -> None:
    typer.echo("\nNext, as root:")
    for command in commands:
        typer.echo(show(f"  {command}"))
