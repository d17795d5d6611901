"""`digit-deploy fleet`: show all boards that have sent something to a broker, and check some of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.options import Json, say_json
from profiles.command_group import CommandGroup
from profiles.errors import RuntimeUnusableError
from profiles.foreign_text import show

if TYPE_CHECKING:
    from rich.table import Table

    from deploy.fleet import BoardState, Fleet

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help="Show all boards together.")
UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@app.callback()
def fleet() -> None:
    """Show all boards together."""


Broker = Annotated[str, typer.Option(metavar="URL", help="The broker of the boards: mqtt://user@host/prefix.")]
PasswordFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File with the password for the user in --mqtt.")
]
Authority = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Certificate of the authority of the broker's certificate.")
]


@app.command()
def status(
    *, mqtt: Broker, mqtt_password_file: PasswordFile = None, mqtt_ca: Authority = None, json: Json = False
) -> None:
    """Show which board runs what, since when, its last reading, its faults, and whether it is less sure than before.

    Exit code 1 if a board is offline, blind, throttled, or less sure than before.

    Example: `digit-deploy fleet status --mqtt mqtt://broker.lan`
    """
    boards = _ask(mqtt, mqtt_password_file, mqtt_ca).boards()
    if json:
        say_json({"boards": [asdict(board) for board in boards]})
    else:
        from rich.console import Console

        Console().print(_table(boards, datetime.now(timezone.utc)))
    if any(set(board.troubles) - {"paused"} for board in boards):
        raise typer.Exit(1)


@app.command()
def check(
    boards: Annotated[list[str], typer.Argument(metavar="BOARD...", help="Names of boards, as the broker knows them.")],
    *,
    mqtt: Broker,
    seconds: Annotated[
        float, typer.Option(metavar="S", min=0, help="Time that the boards get before they are asked.")
    ] = 0,
    mqtt_password_file: PasswordFile = None,
    mqtt_ca: Authority = None,
) -> None:
    """Say whether boards do well after an update, as a canary has to before a rollout goes on.

    Exit code 1 if one of them is offline, blind, throttled, paused, less sure than before, or has warned in this run.

    Example: `digit-deploy fleet check counter-01 --mqtt mqtt://broker.lan --seconds 600`
    """
    _require_extra()
    time.sleep(seconds)
    fleet, is_good = _ask(mqtt, mqtt_password_file, mqtt_ca), True
    for name in boards:
        board = fleet.board(name)
        warned = (f"faults: {board.faults}, the last one: {board.fault}",) if board.faults else ()
        wrong = "; ".join((*board.troubles, *warned))
        is_good = is_good and not wrong
        typer.echo(f"{show(name)}: {show(wrong) if wrong else _describe(board)}")
    if not is_good:
        raise typer.Exit(1)


def _ask(mqtt: str, password_file: Path | None, authority: Path | None) -> Fleet:
    _require_extra()
    from deploy.fleet import ask_fleet

    return ask_fleet(mqtt, password_file, authority)


def _require_extra() -> None:
    if find_spec("paho") is None:
        raise RuntimeUnusableError("MQTT needs paho-mqtt", advice="install it: pip install 'digit-agent[mqtt]'")


def _describe(board: BoardState) -> str:
    """Return a line for a board with which nothing is wrong."""
    drift = "" if board.drift is None else f", {100 * board.drift:+.1f} percentage points"
    sure = "has read nothing yet" if board.confidence is None else f"confidence {board.confidence:.1%}{drift}"
    return f"in order; {show(board.artifact)}, {sure}"


def _table(boards: Sequence[BoardState], now: datetime) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    columns = ("board", "version", "artifact", "runs for", "last reading", "confidence", "drift", "°C", "faults")
    table = Table(*columns, "", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for one in boards:
        cells = (
            one.name,
            one.version or "–",
            one.artifact or "–",
            _age(one.since, now) if one.online else "–",
            _age(one.last_reading, now),
            "–" if one.confidence is None else f"{one.confidence:.1%}",
            "–" if one.drift is None else f"{100 * one.drift:+.1f}",
            "–" if one.temperature_c is None else f"{one.temperature_c:.0f}",
            str(one.faults),
        )
        table.add_row(*(Text(show(cell)) for cell in cells), Text(show("; ".join(one.troubles)), style="red"))
    good = sum(not one.troubles for one in boards)
    table.caption = f"{len(boards)} boards, {good} of them in order"
    return table


def _age(then: str, now: datetime) -> str:
    """Return how long ago a time was, in its largest unit."""
    try:
        seconds = max(0, int((now - datetime.fromisoformat(then)).total_seconds()))
    except (ValueError, TypeError):
        return "–"
    length, unit = next(((length, unit) for length, unit in UNITS if seconds >= length), UNITS[-1])
    return f"{seconds // length} {unit}"
