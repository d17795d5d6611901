"""`digit-deploy status`: show what is installed and in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.cli.options import Json, Root, say_json
from profiles.foreign_text import show
from profiles.paths import DEPLOY_ROOT

if TYPE_CHECKING:
    from rich.table import Table

    from deploy.journal import Slot


@dataclass(frozen=True)
class SlotReport:
    """State of a slot."""

    slot: Slot
    in_use: bool
    version: str | None
    """Version in the slot; None if the slot is empty."""
    digest: str | None
    """SHA-256 of its `bundle.json`, in hex."""
    made: str | None
    """Day on which the bundle was made, and how long ago; None if it does not say."""
    agent: str | None
    """Version of the agent in its bundle; None if it has none."""
    damage: str
    """The first damaged or missing file; empty if all files are intact."""


def status(*, root: Root = DEPLOY_ROOT, json: Json = False) -> None:
    """Show the version in each slot, how old it is, whether its files are intact, and which slot is in use.

    Example: `digit-deploy status`
    """
    from rich.console import Console

    from deploy.journal import load_journal
    from deploy.slots import current_slot

    used, attempt = current_slot(root), load_journal(root).attempt
    slots = [_report(root, "a", used), _report(root, "b", used)]
    if json:
        say_json({"root": str(root), "current": used, "slots": slots, "attempt": attempt})
        return
    console = Console()
    console.print(_table(slots))
    if used is None:
        console.print("the version that shipped with the agent is in use", highlight=False)
    if attempt is not None:
        text = (
            f"version {attempt.version} is being installed in slot {attempt.slot}; "
            "if it was interrupted, run: digit-deploy recover"
        )
        console.print(show(text), style="yellow", markup=False, highlight=False)


def _report(root: Path, slot: Slot, used: Slot | None) -> SlotReport:
    from deploy.agent_venv import find_agent_damage
    from deploy.manifest import describe_age
    from deploy.slots import find_damage, version_in

    found = version_in(root, slot)
    if found is None:
        return SlotReport(slot, slot == used, None, None, None, None, "incomplete" if slot == used else "")
    damage = find_damage(root, found) or find_agent_damage(root, slot)
    made = describe_age(found.manifest, datetime.now(timezone.utc).date()) or None
    return SlotReport(slot, slot == used, found.manifest.version, found.digest, made, found.manifest.agent, damage)


def _table(slots: Sequence[SlotReport]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table("", "slot", "version", "bundle", "made", "agent", "files", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for one in slots:
        table.add_row(
            "▶" if one.in_use else "",
            one.slot,
            one.version or "–",
            (one.digest or "–")[:12],
            one.made or "–",
            one.agent or "–",
            Text(show(one.damage) or ("intact" if one.version else "empty"), style="red" if one.damage else ""),
            style="bold green" if one.in_use and not one.damage else None,
        )
    return table
