"""`digit-deploy history`: list installations and rollbacks."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.options import Json, Root, say, say_json
from profiles.foreign_text import show
from profiles.paths import DEPLOY_ROOT

STYLES = {"installed": "green", "refused": "red", "undone": "red", "rolled back": "yellow"}


def history(
    *,
    root: Root = DEPLOY_ROOT,
    last: Annotated[int, typer.Option(metavar="N", min=1, help="Number of entries.")] = 20,
    json: Json = False,
) -> None:
    """List installations and rollbacks, latest last, with the reason if one failed.

    Example: `digit-deploy history --last 5`
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from deploy.journal import load_journal

    events = load_journal(root).events[-last:]
    if json:
        say_json({"root": str(root), "events": events})
        return
    if not events:
        say(f"nothing was ever installed in {root}")
        return
    table = Table("time", "version", "slot", "key", "what", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for event in events:
        what = Text(event.what, style=STYLES[event.what]).append(f": {show(event.reason)}" if event.reason else "")
        table.add_row(*map(Text, map(show, (event.time, event.version, event.slot, event.key or "–"))), what)
    Console().print(table)
