"""Install a bundle, roll back, and recover from an interruption.

The steps of an installation:

    verify     all preconditions are checked; nothing changes
    unpacking  the free slot is filled, its agent installed, its golden vectors checked; the old version is in use
    trying     the link is switched by one rename; the service is restarted and watched
    finish     the journal clears the attempt: the version is kept

After an interruption before the switch, the old version is in use. After the switch, the new version is in use until
`recover` goes back. Each step is on the disk before the next one starts. `recover` may be interrupted and run again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from deploy.agent_venv import find_agent_damage, program, provide, prune, require_intact_agent
from deploy.durable_write import make_folder
from deploy.journal import Attempt, Event, Slot, begin, finish, last_version, load_journal, make_event
from deploy.lock import exclusive
from deploy.manifest import FILE_NAME
from deploy.preconditions import (
    free_bytes,
    refuse_expired,
    refuse_foreign,
    refuse_large,
    refuse_old_agent,
    refuse_replay,
)
from deploy.service_control import BoardControl, agent_version, check_artifacts, restart, restart_and_watch
from deploy.slots import (
    Version,
    clear,
    close,
    current_slot,
    fill,
    find_damage,
    other_slot,
    slot_folder,
    switch,
    version_in,
    withdrawn_key,
)
from profiles.errors import BundleError, DigitAgentError, InstallError

if TYPE_CHECKING:
    from deploy.bundle import Bundle
    from deploy.trust import TrustedKeys

Progress = Callable[[str], None]
"""Is called with the name of each step, for people."""


@dataclass(frozen=True)
class Outcome:
    """Result of an installation or a rollback."""

    changed: bool
    """Whether anything changed; False if this bundle was already in use."""
    version: str | None
    """Version in use now; None means the version that shipped with the agent."""
    slot: Slot | None
    previous: str | None
    """Version that was in use before; None means the version that shipped with the agent."""


def verify(bundle: Bundle, root: Path, machine: BoardControl, *, allow_downgrade: bool = False) -> Outcome:
    """Check all preconditions of an installation. Nothing changes.

    Returns:
        The result that an installation would have.

    Raises:
        BundleError: a precondition does not hold.
        InstallError: the installed version or the agent cannot be queried.
    """
    attempt = load_journal(root).attempt
    slot = attempt.previous if attempt else current_slot(root)
    changed = not _same(root, slot, bundle)
    refuse_foreign(bundle, machine.board)
    if not allow_downgrade:
        _refuse_replay(bundle, root, slot)
    if changed:
        refuse_expired(bundle, datetime.now(timezone.utc).date())
        refuse_large(bundle, free_bytes(root))
    bundle.check()
    refuse_old_agent(bundle, lambda: _installed_agent(root, slot, machine))
    return Outcome(changed, bundle.manifest.version, other_slot(slot) if changed else slot, _version(root, slot))


def install(
    bundle: Bundle,
    root: Path,
    machine: BoardControl,
    *,
    allow_downgrade: bool = False,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Install a bundle and keep it if it works. Otherwise go back to the previous version.

    Args:
        bundle: its signature has been verified.
        root: folder that holds the slots.
        machine: controls the board, its service and its agent.
        allow_downgrade: also install if a newer version is in use.
        progress: called with the name of each step.

    Raises:
        BundleError: a precondition does not hold; nothing changed.
        InstallError: it did not work; the previous version is in use again.
    """
    root = root.absolute()  # commands start in another folder
    progress("verifying the bundle")
    verify(bundle, root, machine, allow_downgrade=allow_downgrade)
    make_folder(root / "slots")
    with exclusive(root):
        _undo_interrupted(root, machine)
        slot = current_slot(root)
        if not allow_downgrade:
            _refuse_replay(bundle, root, slot)
        if _same(root, slot, bundle):
            return Outcome(False, bundle.manifest.version, slot, _version(root, slot))
        return _try(bundle, root, machine, _version(root, slot), progress)


def roll_back(root: Path, machine: BoardControl, keys: TrustedKeys | None = None) -> Outcome:
    """Go back to the version in the other slot. If an installation was interrupted, undo that instead.

    Args:
        root: folder that holds the slots.
        machine: controls the board, its service and its agent.
        keys: the keys of the board; a version that was signed with a withdrawn key is not used again.

    Raises:
        InstallError: there is no other version, it is damaged, its key was withdrawn, or it does not work. In the last
            case it stays in use.
    """
    root = root.absolute()
    with exclusive(root):
        undone, slot = _undo_interrupted(root, machine), current_slot(root)
        current, other = _version(root, slot), version_in(root, other_slot(slot))
        if undone is not None:
            return Outcome(True, current, slot, undone.version)
        if slot is None or other is None:
            raise InstallError(f"{root} has no other version to go back to", advice="install a bundle")
        if damage := _damage(root, other):
            raise InstallError(
                f"{damage}, so version {other.manifest.version} cannot be used", advice="install a bundle"
            )
        if keys is not None and (key := withdrawn_key(root, other.slot, keys)):
            raise InstallError(
                f"version {other.manifest.version} was signed with the key {key}, which was withdrawn",
                advice="install a bundle",
            )
        switch(root, other.slot)
        finish(root, make_event("rolled back", other.manifest.version, other.slot))
        try:
            _watch(root, other.slot, machine, None)
        except InstallError as error:
            raise InstallError(f"version {other.manifest.version} is in use again, but {error}") from error
        return Outcome(True, other.manifest.version, other.slot, current)


def recover(root: Path, machine: BoardControl | None) -> Event | None:
    """Undo an interrupted installation. Do nothing if no installation was interrupted.

    Args:
        root: folder that holds the slots.
        machine: restarts the service if it may be running the undone version; None does not restart it.

    Returns:
        The event in the journal, or None if nothing was undone.

    Raises:
        BusyError: an installation is running. It restarts the service itself, and undoes what does not work.
    """
    if not root.is_dir():
        return None
    with exclusive(root):
        return _undo_interrupted(root, machine)


def _installed_agent(root: Path, slot: Slot | None, machine: BoardControl) -> str:
    """Return the version of the agent that a bundle without one would use."""
    if slot is not None:
        require_intact_agent(root, slot)
    return agent_version(program(root, slot) or machine.agent)


def _same(root: Path, slot: Slot | None, bundle: Bundle) -> bool:
    """Return whether this bundle is in use with all files intact."""
    current = version_in(root, slot)
    return current is not None and current.digest == bundle.digest and not _damage(root, current)


def _damage(root: Path, version: Version) -> str:
    return find_damage(root, version) or find_agent_damage(root, version.slot)


def _version(root: Path, slot: Slot | None) -> str | None:
    """Return the version in a slot, from the journal if its manifest is damaged."""
    if slot is None:
        return None
    found = version_in(root, slot)
    return found.manifest.version if found else last_version(root, slot)


def _refuse_replay(bundle: Bundle, root: Path, slot: Slot | None) -> None:
    """Check that a bundle is not older than the version in use.

    Raises:
        BundleError: it is older, is another one of the same version, or the version in use is not known.
    """
    found, version = version_in(root, slot), _version(root, slot)
    if slot is not None and version is None:
        raise BundleError(
            f"{slot_folder(root, slot) / FILE_NAME} is damaged, so the version in use is not known",
            advice="add --allow-downgrade to install the bundle nevertheless",
        )
    refuse_replay(bundle, version, found.digest if found else None)


def _try(bundle: Bundle, root: Path, machine: BoardControl, previous: str | None, progress: Progress) -> Outcome:
    """Fill the free slot, switch to it, and keep it or go back."""
    used, version = current_slot(root), bundle.manifest.version
    attempt = Attempt(slot=other_slot(used), version=version, previous=used, key=bundle.key, step="unpacking")
    begin(root, attempt)
    try:
        _prepare(bundle, root, attempt, machine, progress)
        begin(root, msgspec.structs.replace(attempt, step="trying"))
        switch(root, attempt.slot)
        progress("starting the service with the new version")
        _watch(root, attempt.slot, machine, bundle.manifest.agent)
    except DigitAgentError as error:
        raise _failed(root, machine, previous, str(error)) from error
    except OSError as error:
        reason = f"{error.filename or root} could not be written ({error.strerror})"
        raise _failed(root, machine, previous, reason) from error
    except BaseException:  # Ctrl-C, or a shutdown
        _undo(root, machine, "it was interrupted")
        raise
    finish(root, make_event("installed", version, attempt.slot, key=bundle.key))
    return Outcome(True, version, attempt.slot, previous)


def _prepare(bundle: Bundle, root: Path, attempt: Attempt, machine: BoardControl, progress: Progress) -> None:
    """Make the free slot ready for use."""
    progress("unpacking")
    clear(root, attempt.slot)
    prune(root)
    fill(root, attempt.slot, bundle)
    if bundle.manifest.agent is not None:
        progress("installing the agent from the bundle")
    provide(root, attempt.slot, bundle.manifest, attempt.previous)
    close(root, attempt.slot, bundle)
    progress("trying the artifacts on this board")
    agent = program(root, attempt.slot) or machine.agent
    check_artifacts(machine, agent, slot_folder(root, attempt.slot) / "artifacts")


def _failed(root: Path, machine: BoardControl, previous: str | None, reason: str) -> InstallError:
    """Go back and return the error that says so."""
    version = _undo(root, machine, reason).version
    stays = f"version {previous}" if previous else "the version that shipped with the agent"
    return InstallError(f"version {version} was not kept, and {stays} is in use, because {reason}")


def _watch(root: Path, slot: Slot, machine: BoardControl, agent: str | None) -> None:
    restart_and_watch(machine, slot_folder(root, slot) / "artifacts", agent)


def _undo_interrupted(root: Path, machine: BoardControl | None) -> Event | None:
    if load_journal(root).attempt is None:
        return None
    return _undo(root, machine, "it was interrupted")


def _undo(root: Path, machine: BoardControl | None, reason: str) -> Event:
    """Go back to the version before the attempt. This may be interrupted and repeated."""
    attempt = load_journal(root).attempt
    if attempt is None:
        raise InstallError(f"no installation is in progress in {root}", advice="see 'digit-deploy status'")
    if current_slot(root) != attempt.previous:
        switch(root, attempt.previous)
    tried = attempt.step == "trying"
    if tried and machine is not None:
        try:
            restart(machine)
        except InstallError as error:
            reason += f"; then the service did not start with the previous version: {error}"
    clear(root, attempt.slot)
    event = make_event("undone" if tried else "refused", attempt.version, attempt.slot, reason=reason, key=attempt.key)
    finish(root, event)
    return event
