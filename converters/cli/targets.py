"""`digit-convert targets`."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, get_args

if TYPE_CHECKING:
    from profiles.profile import Profile


def targets() -> None:
    """List what `--target` knows: boards, their families, and what each carries.

    Example: `digit-convert targets`
    """
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from profiles.profile import all_profiles

    table = Table("target", "board", "carries", box=SIMPLE)
    boards = sorted(all_profiles(), key=lambda profile: profile.family)
    for family, members in groupby(boards, key=lambda profile: profile.family):
        table.add_row(f"[bold]{family}[/]", "the family: all of these", "")
        for profile in members:
            cpu = f"{profile.cpu.cores} × {profile.cpu.core}"
            table.add_row(f"  {profile.name}", f"{profile.title}\n{cpu}", carried(profile))
    table.add_row("[bold]all[/]", "every board", "")
    Console().print(table)


def carried(profile: Profile) -> str:
    """Formats with their precisions, the first worth trying first."""
    from profiles.manifest import Format

    lists = {name: [kind.precision for kind in profile.artifacts if kind.format == name] for name in get_args(Format)}
    return "\n".join(f"{name}: {', '.join(precisions)}" for name, precisions in lists.items() if precisions)
