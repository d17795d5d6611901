"""Installing a bundle, going back, and undoing what was interrupted.

    examine    everything is verified, nothing is touched
    unpacking  the idle slot is filled, its agent made, its golden vectors checked; the old version is in use
    trying     the link is switched by one rename, the service started again and watched
    finish     the journal forgets the attempt: the version is kept

Cut off before the switch, the old version is in use; after it, the new one, until `recover` goes back. Each step is on
the disk before the next one begins, and `recover` can itself be cut off and run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent_venv import program, provide, prune
from deploy.durable_write import make_folder
from deploy.journal import Attempt, Event, Slot, begin, finish, happened, load_journal
from deploy.preconditions import free_bytes, refuse_foreign, refuse_large, refuse_old_agent, refuse_older
from deploy.service_control import Machine, agent_version, check_artifacts, restart, restart_and_watch
from deploy.slots import (
    Version,
    clear,
    close,
    current_slot,
    damage,
    fill,
    locked,
    other_slot,
    slot_folder,
    switch,
    version_in,
)
from profiles.errors import DigitAgentError, InstallError

if TYPE_CHECKING:
    from deploy.bundle import Bundle

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What an install or a rollback came to."""

    changed: bool
    """False where this very bundle was in use already."""
    version: str | None
    """In use now; None is what shipped with the agent."""
    slot: Slot | None
    previous: str | None
    """In use before."""


def examine(bundle: Bundle, root: Path, machine: Machine, *, allow_downgrade: bool = False) -> Outcome:
    """Pass where a bundle may be installed here; touches nothing.

    Returns:
        What its install would come to, should it work.

    Raises:
        BundleError: it may not.
        InstallError: what is installed, or the agent, cannot be asked.
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
    bundle: Bundle, root: Path, machine: Machine, *, allow_downgrade: bool = False, tell: Tell = lambda _: None
) -> Outcome:
    """Install a bundle, and keep it where it works; else everything is as before.

    Args:
        bundle: whose signature held.
        root: where slots are.
        machine: the board around it.
        allow_downgrade: also where a newer version is in use.
        tell: told what is being done.

    Raises:
        BundleError: it was refused, and nothing was touched.
        InstallError: it did not work, and the version before it is in use again.
    """
    tell("verifying the bundle")
    examine(bundle, root, machine, allow_downgrade=allow_downgrade)
    make_folder(root / "slots")
    with _alone(root):
        _undo_interrupted(root, machine)
        current = version_in(root, current_slot(root))
        if not allow_downgrade:
            refuse_older(bundle, current)
        if _same(root, current, bundle):
            return Outcome(False, bundle.manifest.version, current_slot(root), _name(current))
        return _try(bundle, root, machine, _name(current), tell)


def roll_back(root: Path, machine: Machine) -> Outcome:
    """Use the version in the other slot again; an interrupted install is undone instead.

    Raises:
        InstallError: there is none, it is damaged, or it does not work; in the last case it is in use nevertheless.
    """
    with _alone(root):
        undone, slot = _undo_interrupted(root, machine), current_slot(root)
        current, other = version_in(root, slot), version_in(root, other_slot(slot))
        if undone is not None:
            return Outcome(True, _name(current), slot, undone.version)
        if slot is None or other is None:
            raise InstallError(f"there is no other version in {root} to go back to; install a bundle")
        if wrong := damage(root, other):
            raise InstallError(f"{wrong}, so version {other.manifest.version} cannot be used; install a bundle")
        switch(root, other.slot)
        finish(root, happened("rolled back", other.manifest.version, other.slot))
        try:
            _watch(root, other.slot, machine, None)
        except InstallError as error:
            raise InstallError(f"version {other.manifest.version} is in use again, but {error}") from error
        return Outcome(True, other.manifest.version, other.slot, _name(current))


def recover(root: Path, machine: Machine | None) -> Event | None:
    """Undo an install that was cut off; nothing happens where there is none, or one is at work.

    Args:
        root: where slots are.
        machine: whose service is started again where it may run what is undone; None leaves it alone.
    """
    if not root.is_dir():
        return None
    with locked(root) as alone:
        return _undo_interrupted(root, machine) if alone else None


def _same(root: Path, current: Version | None, bundle: Bundle) -> bool:
    """Whether this very bundle is in use, and every file of it intact."""
    return current is not None and current.digest == bundle.digest and not damage(root, current)


def _name(version: Version | None) -> str | None:
    return version.manifest.version if version else None


def _try(bundle: Bundle, root: Path, machine: Machine, previous: str | None, tell: Tell) -> Outcome:
    """Fill the idle slot, switch to it, and keep it or go back."""
    used, version = current_slot(root), bundle.manifest.version
    attempt = Attempt(slot=other_slot(used), version=version, previous=used, step="unpacking")
    begin(root, attempt)
    try:
        _prepare(bundle, root, attempt, machine, tell)
        begin(root, Attempt(slot=attempt.slot, version=version, previous=used, step="trying"))
        switch(root, attempt.slot)
        tell("starting the service with the new version")
        _watch(root, attempt.slot, machine, bundle.manifest.agent)
    except DigitAgentError as error:
        raise _failed(root, machine, previous, str(error)) from error
    except OSError as error:
        reason = f"{error.filename or root} could not be written ({error.strerror})"
        raise _failed(root, machine, previous, reason) from error
    except BaseException:  # Ctrl-C, or the machine is told to shut down
        _undo(root, machine, "it was interrupted")
        raise
    finish(root, happened("installed", version, attempt.slot))
    return Outcome(True, version, attempt.slot, previous)


def _prepare(bundle: Bundle, root: Path, attempt: Attempt, machine: Machine, tell: Tell) -> None:
    """Make the idle slot ready for use."""
    tell("unpacking")
    clear(root, attempt.slot)
    prune(root)
    fill(root, attempt.slot, bundle)
    if bundle.manifest.agent is not None:
        tell("installing the agent that it brings")
    provide(root, attempt.slot, bundle.manifest, attempt.previous)
    close(root, attempt.slot, bundle)
    tell("trying the artifacts on this board")
    agent = program(root, attempt.slot) or machine.agent
    check_artifacts(machine, agent, slot_folder(root, attempt.slot) / "artifacts")


def _failed(root: Path, machine: Machine, previous: str | None, reason: str) -> InstallError:
    """Go back, and say so."""
    version = _undo(root, machine, reason).version
    stays = f"version {previous}" if previous else "what shipped with the agent"
    return InstallError(f"version {version} was not kept, and {stays} is in use, because {reason}")


def _watch(root: Path, slot: Slot, machine: Machine, agent: str | None) -> None:
    restart_and_watch(machine, slot_folder(root, slot) / "artifacts", agent)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep others away.

    Raises:
        InstallError: there is nothing of ours, or another one is at work.
    """
    if not root.is_dir():
        raise InstallError(f"nothing was ever installed in {root}; install a bundle, or name another --root")
    with locked(root) as alone:
        if not alone:
            raise InstallError(f"another digit-deploy is at work in {root}; wait until it is done")
        yield


def _undo_interrupted(root: Path, machine: Machine | None) -> Event | None:
    if load_journal(root).attempt is None:
        return None
    return _undo(root, machine, "it was interrupted")


def _undo(root: Path, machine: Machine | None, reason: str) -> Event:
    """Go back to what was in use before the attempt; cut off anywhere, it can be done again."""
    attempt = load_journal(root).attempt
    if attempt is None:
        raise InstallError(f"nothing is being tried in {root}; see 'digit-deploy status'")
    if current_slot(root) != attempt.previous:
        switch(root, attempt.previous)
    tried = attempt.step == "trying"
    if tried and machine is not None:
        try:
            restart(machine)
        except InstallError as error:
            reason += f"; and then the service did not come up with the version before it: {error}"
    clear(root, attempt.slot)
    event = happened("undone" if tried else "refused", attempt.version, attempt.slot, reason)
    finish(root, event)
    return event
