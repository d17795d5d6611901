"""The options of the run, as the page shows them and as it changes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from agent.config.edit import OptionValue

ChangeState = Literal["", "checking", "applied", "undone"]


@dataclass(frozen=True)
class ShownOption:
    """An option of the run. Secrets are hidden."""

    name: str
    value: OptionValue | None
    """None if it is not set."""
    origin: str
    """Where the value comes from, in words."""
    help: str
    kind: Literal["text", "integer", "number", "switch"] = "text"
    choices: tuple[str, ...] = ()
    """The only values; empty allows any."""
    minimum: int | None = None
    maximum: int | None = None
    locked: str = ""
    """Why it cannot be changed on the page, in words; empty if it can."""


@dataclass(frozen=True)
class OptionChange:
    """What became of the last change of options."""

    state: ChangeState
    """Empty before the first change; `checking` until the camera has given a picture, or has not for a minute."""
    text: str
    """What happened, in words."""


@dataclass(frozen=True)
class Configuration:
    """The options, and whether they can be changed here."""

    options: tuple[ShownOption, ...]
    file: str
    """The configuration file that is changed."""
    version: str
    """Changes with the content of the file."""
    locked: str
    """Why nothing can be changed here, in words; empty if something can."""
    change: OptionChange


class NewOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of options."""

    version: Annotated[str, msgspec.Meta(max_length=64, description="that of the configuration that was seen")]
    options: Annotated[
        dict[Annotated[str, msgspec.Meta(max_length=64)], OptionValue | None],
        msgspec.Meta(max_length=64, description="new values by name; null takes an option out of the file"),
    ]
