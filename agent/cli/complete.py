"""What the shell offers for the value of an option, after `digit-agent --install-completion`."""

from __future__ import annotations

import os
from glob import escape, glob
from typing import get_args

ADDRESSES = ("demo:", "csi://0", "http://", "https://", "rtsp://")


def sources(incomplete: str) -> list[str]:
    """Complete a source: cameras, beginnings of addresses, files and folders that begin with the typed text."""
    paths = [path + "/" * os.path.isdir(path) for path in glob(f"{escape(incomplete)}*")]  # noqa: PTH112, PTH207
    found = (*ADDRESSES, *sorted(glob("/dev/video*")), *sorted(paths))  # noqa: PTH207
    return list(dict.fromkeys(one for one in found if one.startswith(incomplete)))


def objectives(incomplete: str) -> list[str]:
    """Complete an objective: those that begin with the typed text."""
    from profiles.profile import Objective

    return [one for one in get_args(Objective) if one.startswith(incomplete)]


def boards(incomplete: str) -> list[str]:
    """Complete a board: those of the catalogue that begin with the typed text."""
    from profiles.profile import board_names

    return [name for name in board_names() if name.startswith(incomplete)]
