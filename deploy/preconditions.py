"""Preconditions of an installation: everything that can be checked before anything changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.manifest import is_older
from deploy.slots import Version
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
            f"{bundle.path} is for {', '.join(bundle.manifest.compatible)}, but this board is {board}",
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
            f"{bundle.path} needs {needed / 1e6:.0f} MB, but only {free / 1e6:.0f} MB are free",
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
            f"{bundle.path} needs digit-agent {bundle.manifest.min_agent}, but this board would use it with {agent}",
            advice="update the agent, or make the bundle with --with-agent",
        )


def refuse_older(bundle: Bundle, current: Version | None) -> None:
    """Check that a bundle is not older than the version in use.

    Raises:
        BundleError: the bundle is older.
    """
    if current is not None and is_older(bundle.manifest.version, than=current.manifest.version):
        raise BundleError(
            f"{bundle.path} is version {bundle.manifest.version}, older than {current.manifest.version}, "
            "which is in use",
            advice="add --allow-downgrade to install it nevertheless",
        )
