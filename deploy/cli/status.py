"""`digit-deploy status`: what is installed here, and what is in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from deploy.cli.options import ROOT, Json, Root

if TYPE_CHECKING:
    from rich.table import Table

    from deploy.journal import Slot


@dataclass(frozen=True)
class SlotReport:
    """A slot, for people and machines."""

    slot: Slot
    in_use: bool
    version: str | None
    """None where it is empty."""
    digest: str | None
    """SHA-256 of its `bundle.json`, in hex."""
    agent: str | None
    """The agent that its bundle brought."""
    damage: str
    """Empty where every file is as it was signed."""


def status(*, root: Root = ROOT, json: Json = False) -> None:
    """Say what each slot holds, whether it is intact, and which one is in use.

    Example: `digit-deploy status`
    """
    import msgspec
    from rich.console import Console

    from deploy.journal import load_journal
    from deploy.slots import current_slot

    used, attempt = current_slot(root), load_journal(root).attempt
    slots = [_report(root, "a", used), _report(root, "b", used)]
    if json:
        typer.echo(msgspec.json.encode({"root": str(root), "current": used, "slots": slots, "attempt": attempt}))
        return
    console = Console()
    console.print(_table(slots))
    if used is None:
        console.print("in use is what shipped with the agent", highlight=False)
    if attempt is not None:
        text = f"version {attempt.version} is being tried in slot {attempt.slot}, or was cut off: digit-deploy recover"
        console.print(text, style="yellow", markup=False, highlight=False)


def _report(root: Path, slot: Slot, used: Slot | None) -> SlotReport:
    from deploy.slots import damage, version_in

    found = version_in(root, slot)
    if found is None:
        return SlotReport(slot, slot == used, None, None, None, "it is not whole" if slot == used else "")
    return SlotReport(
        slot, slot == used, found.manifest.version, found.digest, found.manifest.agent, damage(root, found)
    )


def _table(slots: Sequence[SlotReport]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table("", "slot", "version", "bundle", "agent", "files", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for one in slots:
        table.add_row(
            "▶" if one.in_use else "",
            one.slot,
            one.version or "–",
            (one.digest or "–")[:12],
            one.agent or "–",
            Text(one.damage or ("intact" if one.version else "empty"), style="red" if one.damage else ""),
            style="bold green" if one.in_use and not one.damage else None,
        )
    return table
