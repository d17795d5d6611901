"""Preconditions of an installation: everything that can be checked before anything changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.manifest import is_older, is_same
from profiles.errors import BundleError

if TYPE_CHECKING:
    from deploy.bundle import Bundle

RESERVE_BYTES = 16 * 2**20
"""Space that an installation leaves free, for logs."""
WHEELS_GROW = 5
"""Space for wheels and the environment made from them, as a multiple of the size of the wheels."""


def free_bytes(folder: Path) -> int:
    """Return the free space of a folder's file system, in bytes. The folder may not exist yet."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    stats = os.statvfs(existing)
    return stats.f_bavail * stats.f_frsize


def refuse_foreign(bundle: Bundle, board: str) -> None:
    """Check that a bundle was made for this board.

    Raises:
        BundleError: the bundle was made for other boards.
    """
    if board not in bundle.manifest.compatible:
        raise BundleError(
            f"{bundle.title} is for {', '.join(bundle.manifest.compatible)}, but this board is {board}",
            advice=f"make a bundle for {board}",
        )


def refuse_large(bundle: Bundle, free: int) -> None:
    """Check that a bundle fits on the disk.

    Raises:
        BundleError: there is not enough space.
    """
    wheels = sum(member.bytes for member in bundle.manifest.members if member.path.startswith("wheels/"))
    needed = bundle.manifest.bytes + (WHEELS_GROW - 1) * wheels + RESERVE_BYTES
    if free < needed:
        raise BundleError(
            f"{bundle.title} needs {needed / 1e6:.0f} MB, but only {free / 1e6:.0f} MB are free",
            advice="free space on this board",
        )


def refuse_old_agent(bundle: Bundle, installed: Callable[[], str]) -> None:
    """Check that the agent that will use a bundle is new enough.

    Args:
        bundle: the bundle to install.
        installed: returns the version of the agent in use.

    Raises:
        BundleError: the agent is too old.
    """
    agent = bundle.manifest.agent or installed()
    if is_older(agent, than=bundle.manifest.min_agent):
        raise BundleError(
            f"{bundle.title} needs digit-agent {bundle.manifest.min_agent}, but this board would use it with {agent}",
            advice="update the agent, or make the bundle with --with-agent",
        )


def refuse_expired(bundle: Bundle, today: date) -> None:
    """Check that a bundle may still be installed.

    Raises:
        BundleError: its last day is over.
    """
    last = bundle.manifest.expires
    if isinstance(last, date) and today > last:
        raise BundleError(
            f"{bundle.title} was to be installed until {last}, and today is {today}",
            advice="make it again, or set the clock of this board if that is wrong",
        )


def refuse_replay(bundle: Bundle, version: str | None, digest: str | None) -> None:
    """Check that a bundle is newer than the version in use, or is that version.

    Args:
        bundle: the bundle to install.
        version: the version in use; None if it is the one that shipped with the agent.
        digest: checksum of its manifest; None if that is damaged.

    Raises:
        BundleError: the bundle is older, or is another one of the same version.
    """
    mine = bundle.manifest.version
    if version is None:
        return
    if is_older(mine, than=version):
        raise BundleError(
            f"{bundle.title} is version {mine}, older than {version}, which is in use",
            advice="add --allow-downgrade to install it nevertheless",
        )
    if is_same(mine, version) and digest is not None and digest != bundle.digest:
        raise BundleError(
            f"{bundle.title} is version {mine}, which is in use with other content",
            advice="make it with a higher version, or add --allow-downgrade to install it nevertheless",
        )
