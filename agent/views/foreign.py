"""Foreign text for Rich. A `Text` has no markup; a `str` in a table or a status may have some."""

from __future__ import annotations

from rich.text import Text

from profiles.foreign_text import show


def foreign(*parts: object, style: str = "") -> Text:
    """Return text with a foreign part in it, on as many lines as there are parts; see `profiles.foreign_text`."""
    return Text("\n".join(map(show, parts)), style=style)
