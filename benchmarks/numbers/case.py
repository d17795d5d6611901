"""A picture to read, and what stands on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from agent.vision.line_text import digits_of

Image = NDArray[np.uint8]
"""A picture, BGR uint8 (H, W, 3)."""


@dataclass(frozen=True, eq=False)
class Case:
    """A picture with numbers, or with things that are not digits."""

    kind: str
    image: Image
    text: str = ""
    """The numbers in reading order, without spaces; empty if there are none."""
    has_signs: bool = False
    """Whether `text` contains the signs too. Else it contains the digits only, and signs may stand between them."""
    things: int = 0
    """Number of things that are not digits in a picture without numbers: letters, mirrored digits, or the page."""
    line: Box | None = None
    """Where the text stands, if it is one line."""
    ignored: tuple[Box, ...] = ()
    """Places where a digit is neither right nor wrong."""

    @property
    def digits_text(self) -> str:
        """The digits of `text`."""
        return digits_of(self.text)
