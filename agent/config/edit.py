"""Change options in a configuration file, and keep everything else in it as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping

from agent.config.document import key_lines
from agent.config.options import option_name

OptionValue = str | int | float | bool


def with_options(text: str, changes: Mapping[str, OptionValue | None]) -> str:
    r"""Return the text of a configuration file with other options.

    An option that the file sets is changed where it stands; a new one comes at the end.

    Args:
        text: a valid configuration file.
        changes: the new values by the name of the field of `Config`; None removes an option.

    Examples:
        >>> with_options("# mine\nflip = true\nrotate = 90\n", {"rotate": None, "flip": False, "roi": "0,0,9,9"})
        '# mine\nflip = false\nroi = "0,0,9,9"\n'
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    lines, places = text.split("\n"), key_lines(text)
    wanted = {option_name(name): value for name, value in changes.items()}
    for name, place in sorted(places.items(), key=lambda one: one[1].start, reverse=True):
        if name in wanted:
            lines[place.start - 1 : place.stop - 1] = _statement(name, wanted.pop(name))
    while lines and not lines[-1]:
        lines.pop()
    new = (line for name, value in wanted.items() for line in _statement(name, value))
    return "\n".join([*lines, *new, ""])


def _statement(name: str, value: OptionValue | None) -> list[str]:
    """Return the line that sets an option; none if it is to be removed. What JSON writes is valid in TOML."""
    return [] if value is None else [f"{name} = {json.dumps(value, ensure_ascii=False)}"]
