"""Progress within a training run: how much of a phase is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Phase(NamedTuple):
    """A part of a run with countable work, and how much of it is done."""

    name: str
    """What is counted, such as "rendering scenes"."""
    done: int
    total: int


OnPhase = Callable[[Phase], None]
"""Callback that gets a phase again and again while it goes on."""


def ignore_phase(phase: Phase) -> None:
    """Take a phase and do nothing."""
