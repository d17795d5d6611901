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
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent_venv import program, provide, prune
from deploy.durable_write import make_folder
from deploy.journal import Attempt, Event, Slot, begin, finish, load_journal, make_event
from deploy.lock import exclusive
from deploy.preconditions import free_bytes, refuse_foreign, refuse_large, refuse_old_agent, refuse_older
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
)
from profiles.errors import DigitAgentError, InstallError

if TYPE_CHECKING:
    from deploy.bundle import Bundle

Progress = Callable[[str], None]
"""Is called with the name of each step, for people."""


@dataclass(frozen=True)
class Outcome:
    """Result of an installation or a rollback."""

    changed: bool
    """False if this bundle was already in use."""
    version: str | None
    """Version in use now; None means the version that shipped with the agent."""
    slot: Slot | None
    previous: str | None
    """Version that was in use before; None as above."""


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
    current = version_in(root, slot)
    changed = not _same(root, current, bundle)
    refuse_foreign(bundle, machine.board)
    if not allow_downgrade:
        refuse_older(bundle, current)
    if changed:
        refuse_large(bundle, free_bytes(root))
    bundle.check()
    refuse_old_agent(bundle, lambda: agent_version(program(root, slot) or machine.agent))
    return Outcome(changed, bundle.manifest.version, other_slot(slot) if changed else slot, _name(current))


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
        current = version_in(root, current_slot(root))
        if not allow_downgrade:
            refuse_older(bundle, current)
        if _same(root, current, bundle):
            return Outcome(False, bundle.manifest.version, current_slot(root), _name(current))
        return _try(bundle, root, machine, _name(current), progress)


def roll_back(root: Path, machine: BoardControl) -> Outcome:
    """Go back to the version in the other slot. If an installation was interrupted, undo that instead.

    Raises:
        InstallError: there is no other version, it is damaged, or it does not work. In the last case it stays in use.
    """
    root = root.absolute()
    with exclusive(root):
        undone, slot = _undo_interrupted(root, machine), current_slot(root)
        current, other = version_in(root, slot), version_in(root, other_slot(slot))
        if undone is not None:
            return Outcome(True, _name(current), slot, undone.version)
        if slot is None or other is None:
            raise InstallError(f"{root} has no other version to go back to", advice="install a bundle")
        if damage := find_damage(root, other):
            raise InstallError(
                f"{damage}, so version {other.manifest.version} cannot be used", advice="install a bundle"
            )
        switch(root, other.slot)
        finish(root, make_event("rolled back", other.manifest.version, other.slot))
        try:
            _watch(root, other.slot, machine, None)
        except InstallError as error:
            raise InstallError(f"version {other.manifest.version} is in use again, but {error}") from error
        return Outcome(True, other.manifest.version, other.slot, _name(current))


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


def _same(root: Path, current: Version | None, bundle: Bundle) -> bool:
    """Return whether this bundle is in use with all files intact."""
    return current is not None and current.digest == bundle.digest and not find_damage(root, current)


def _name(version: Version | None) -> str | None:
    return version.manifest.version if version else None


def _try(bundle: Bundle, root: Path, machine: BoardControl, previous: str | None, progress: Progress) -> Outcome:
    """Fill the free slot, switch to it, and keep it or go back."""
    used, version = current_slot(root), bundle.manifest.version
    attempt = Attempt(slot=other_slot(used), version=version, previous=used, step="unpacking")
    begin(root, attempt)
    try:
        _prepare(bundle, root, attempt, machine, progress)
        begin(root, Attempt(slot=attempt.slot, version=version, previous=used, step="trying"))
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
    finish(root, make_event("installed", version, attempt.slot))
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
    event = make_event("undone" if tried else "refused", attempt.version, attempt.slot, reason)
    finish(root, event)
    return event
