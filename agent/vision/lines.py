"""From digits to readings: lines, and in a line numbers by their gaps."""

from __future__ import annotations

from dataclasses import dataclass

from agent.vision.box import Box
from agent.vision.digits import Digit


@dataclass(frozen=True)
class Reading:
    """A number: digits of one line that stand close together, from left to right."""

    text: str
    box: Box
    confidence: float
    """The least sure digit's probability."""
    digits: tuple[Digit, ...]
