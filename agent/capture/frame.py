"""A frame: one picture of a source, with its time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box


@dataclass(frozen=True)
class TrueDigit:
    """A digit that is known to stand in a picture."""

    digit: int
    box: Box


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source."""

    image: NDArray[np.uint8]
    """BGR, uint8 (H, W, 3), upright."""
    captured_ns: int
    """`time.monotonic_ns()` when it was taken."""
    number: int
    """Counts from 0; gaps are frames that were dropped."""
    source: str
    """The source's URI, or the picture's file."""
    truth: tuple[TrueDigit, ...] | None = None
    """What stands in it, where that is known: only the demo knows."""
