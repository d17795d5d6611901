"""What is being tried, and what was done: `journal.json`, replaced whole at each step.

One rule makes an interrupted install harmless: while `attempt` is set, its slot is not to be trusted, and `previous`
is what the board goes back to. It is set before the first file is touched and cleared by the commit.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

import msgspec

from deploy.durable_write import replace_file
from profiles.errors import InstallError

FILE_NAME = "journal.json"
KEPT_EVENTS = 200
Slot = Literal["a", "b"]
What = Literal["installed", "refused", "undone", "rolled back"]
"""`refused` never came into use; `undone` did, and was taken back by itself; it was `rolled back` to by hand."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A version on its way to being used."""

    slot: Slot
    version: str
    previous: Slot | None
    """What was in use before; None means what shipped with the agent."""
    step: Literal["unpacking", "trying"]
    """From `trying` on, the service may run it."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with a version."""

    time: str
    """UTC, ISO 8601, as the board's clock had it."""
    what: What
    version: str
    slot: Slot
    reason: str = ""


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    schema: Literal[1] = 1
    attempt: Attempt | None = None
    events: tuple[Event, ...] = ()
    """The oldest first; the latest 200 are kept."""


def load_journal(root: Path) -> Journal:
    """What was noted last; an empty journal where nothing was.

    Raises:
        InstallError: it cannot be read.
    """
    path = root / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Journal)
    except FileNotFoundError:
        return Journal()
    except OSError as error:
        raise InstallError(f"{path} cannot be read ({error.strerror}); run it as root, with sudo") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InstallError(
            f"{path} is damaged ({error}); the version in use stays, remove the file to install again"
        ) from error


def begin(root: Path, attempt: Attempt) -> None:
    """Note what is tried from now on."""
    _save(root, msgspec.structs.replace(load_journal(root), attempt=attempt))


def finish(root: Path, event: Event) -> None:
    """Note what was done; in the same step, nothing is being tried any more."""
    _save(root, Journal(events=(*load_journal(root).events, event)[-KEPT_EVENTS:]))


def happened(what: What, version: str, slot: Slot, reason: str = "") -> Event:
    """Something that was done just now."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Event(time=now, what=what, version=version, slot=slot, reason=reason)


def _save(root: Path, journal: Journal) -> None:
    replace_file(root / FILE_NAME, msgspec.json.format(msgspec.json.encode(journal), indent=1) + b"\n")
