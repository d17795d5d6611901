"""Whether a bundle may be installed here: everything that can be known before anything is touched."""

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
"""Left free, for journals and logs."""
WHEELS_GROW = 5
"""What wheels and what they unpack to take together, in times of their own size."""


def free_bytes(folder: Path) -> int:
    """How much can be written into a folder, which need not be there yet."""
    there = next(step for step in (folder, *folder.parents) if step.is_dir())
    numbers = os.statvfs(there)
    return numbers.f_bavail * numbers.f_frsize


def refuse_foreign(bundle: Bundle, board: str) -> None:
    """Pass where a bundle is for this board.

    Raises:
        BundleError: it is for others.
    """
    if board not in bundle.manifest.compatible:
        raise BundleError(
            f"{bundle.path} is for {', '.join(bundle.manifest.compatible)}, and this is {board}; make one for {board}"
        )


def refuse_large(bundle: Bundle, free: int) -> None:
    """Pass where a bundle finds room.

    Raises:
        BundleError: it does not.
    """
    wheels = sum(member.bytes for member in bundle.manifest.members if member.path.startswith("wheels/"))
    needed = bundle.manifest.bytes + (WHEELS_GROW - 1) * wheels + RESERVE_BYTES
    if free < needed:
        raise BundleError(
            f"{bundle.path} needs {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free; free space on this board"
        )


def refuse_old_agent(bundle: Bundle, installed: Callable[[], str]) -> None:
    """Pass where the agent that will use it can.

    Args:
        bundle: what is to be installed.
        installed: asks the agent that is in use for its version.

    Raises:
        BundleError: the agent is too old.
    """
    agent = bundle.manifest.agent or installed()
    if is_older(agent, than=bundle.manifest.min_agent):
        raise BundleError(
            f"{bundle.path} needs digit-agent {bundle.manifest.min_agent}, and {agent} would use it; "
            "update the agent, or make the bundle --with-agent"
        )


def refuse_older(bundle: Bundle, current: Version | None) -> None:
    """Pass where a bundle is no older than what is in use.

    Raises:
        BundleError: it is.
    """
    if current is not None and is_older(bundle.manifest.version, than=current.manifest.version):
        raise BundleError(
            f"{bundle.path} is version {bundle.manifest.version}, and {current.manifest.version} is in use; "
            "add --allow-downgrade where that is meant"
        )
