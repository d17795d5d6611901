"""The options of the run, as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.web.markup import Markup, fill, join


@dataclass(frozen=True)
class ShownOption:
    """An option of the run. Secrets are hidden."""

    name: str
    value: str | float | bool | None
    """None if it is not set."""
    origin: str
    """Where the value comes from, in words."""
    help: str


@dataclass(frozen=True)
class Configuration:
    """The options of the run."""

    options: tuple[ShownOption, ...]


def options_section(options: Sequence[ShownOption]) -> Markup:
    """Return the options as a part of a page; nothing if there are none."""
    if not options:
        return Markup("")
    return fill(
        "<h2>Options of this run</h2><details><summary>{count} options, and where their values come from</summary>"
        '<p class="note">Change them in <code>/etc/digit-agent/config.toml</code>, check them with <code>digit-agent '
        'config check</code>, and restart the agent.</p><dl class="options">{rows}</dl></details>',
        count=len(options),
        rows=join(map(_row, options)),
    )


def _row(option: ShownOption) -> Markup:
    shown = str(option.value).lower() if isinstance(option.value, bool) else option.value
    return fill(
        "<dt><code>{name}</code> <b>{value}</b></dt><dd>{help} <i>From: {origin}.</i></dd>",
        name=option.name,
        value="not set" if shown is None else shown,
        help=option.help,
        origin=option.origin,
    )
