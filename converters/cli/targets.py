"""`digit-convert targets`: list boards."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, get_args

if TYPE_CHECKING:
    from profiles.profile import Profile


def targets() -> None:
    """List the values of `--target`: boards and their families, with the artifacts of each board.

    Example: `digit-convert targets`
    """
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from profiles.profile import all_profiles

    table = Table("target", "board", "artifacts", box=SIMPLE)
    boards = sorted(all_profiles(), key=lambda profile: profile.family)
    for family, members in groupby(boards, key=lambda profile: profile.family):
        table.add_row(f"[bold]{family}[/]", "all boards of the family", "")
        for profile in members:
            cpu = f"{profile.cpu.cores} × {profile.cpu.core}"
            table.add_row(f"  {profile.name}", f"{profile.title}\n{cpu}", artifact_kinds(profile))
    table.add_row("[bold]all[/]", "every board", "")
    Console().print(table)


def artifact_kinds(profile: Profile) -> str:
    """Return formats with their precisions as text, in the order of preference."""
    from profiles.manifest import Format

    lists = {name: [kind.precision for kind in profile.artifacts if kind.format == name] for name in get_args(Format)}
    return "\n".join(f"{name}: {', '.join(precisions)}" for name, precisions in lists.items() if precisions)
