"""The journal, `journal.json`: the installation in progress and the history. It is replaced atomically at each step.

One rule makes an interrupted installation harmless: while `attempt` is set, its slot is not trusted, and the board goes
back to `previous`. `attempt` is set before the first file is written and cleared by the commit.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

import msgspec

from deploy.durable_write import replace_file
from profiles.errors import InstallError
from profiles.regular_file import read_regular_file

FILE_NAME = "journal.json"
MAX_BYTES = 2**24
"""Largest journal that is read, in bytes: far more than its events need."""
MAX_EVENTS = 200
"""Number of events that the journal keeps."""
Slot = Literal["a", "b"]
What = Literal["installed", "refused", "undone", "rolled back"]
"""`refused`: was never in use. `undone`: was in use and was taken back automatically. `rolled back`: a person went
back."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """An installation in progress."""

    slot: Slot
    version: str
    previous: Slot | None
    """Slot that was in use before; None means the version that shipped with the agent."""
    key: str = ""
    """Name of the key that signed the bundle."""
    step: Literal["unpacking", "trying"]
    """Step of the installation. From "trying" on, the service may use the new version."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the history."""

    time: str
    """Time of the event: UTC in ISO 8601, from the clock of the board."""
    what: What
    version: str
    slot: Slot
    reason: str = ""
    key: str = ""
    """Name of the key that signed the bundle; empty if it was installed before keys had names."""


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `journal.json`."""

    schema: Literal[1] = 1
    attempt: Attempt | None = None
    events: tuple[Event, ...] = ()
    """The history: the last `MAX_EVENTS` events, oldest first."""


def load_journal(root: Path) -> Journal:
    """Read the journal. A missing file is an empty journal.

    Raises:
        InstallError: the journal cannot be read, or is damaged.
    """
    path = root / FILE_NAME
    try:
        return msgspec.json.decode(read_regular_file(path, MAX_BYTES), type=Journal)
    except FileNotFoundError:
        return Journal()
    except OSError as error:
        raise InstallError(
            f"{path} cannot be read ({error.strerror})", advice="run the command as root, with sudo"
        ) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InstallError(
            f"{path} is damaged ({error}); the version in use stays", advice="remove the file to install again"
        ) from error


def begin(root: Path, attempt: Attempt) -> None:
    """Record an installation in progress."""
    _save(root, msgspec.structs.replace(load_journal(root), attempt=attempt))


def finish(root: Path, event: Event) -> None:
    """Add an event to the history and clear the attempt, in one step."""
    _save(root, Journal(events=(*load_journal(root).events, event)[-MAX_EVENTS:]))


def last_version(root: Path, slot: Slot) -> str | None:
    """Return the version that the journal says is in a slot; None if it does not say."""
    used = (event for event in reversed(load_journal(root).events) if event.slot == slot)
    return next((event.version for event in used if event.what in {"installed", "rolled back"}), None)


def make_event(what: What, version: str, slot: Slot, *, reason: str = "", key: str = "") -> Event:
    """Return an event with the current time."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Event(time=now, what=what, version=version, slot=slot, reason=reason, key=key)


def _save(root: Path, journal: Journal) -> None:
    replace_file(root / FILE_NAME, msgspec.json.format(msgspec.json.encode(journal), indent=1) + b"\n")
