"""The list of commands in the help of a program."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

MAX_CHARACTERS = 300
"""Number of characters after which the first sentence of a command is cut off. All first sentences are shorter."""


class CommandGroup(TyperGroup):
    """Commands whose first sentences are wrapped in the list, not cut off."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the name and the first sentence of each command; both arguments are of Click's own types."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        shown = [(name, one.get_short_help_str(MAX_CHARACTERS)) for name, one in found if one and not one.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(shown)
