"""One picture, read: the steps of `vision` one after the other, each timed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.vision.digits import Digit
from agent.vision.lines import Reading

STAGES = ("ink", "candidates", "classify", "lines")


@dataclass(frozen=True)
class Page:
    """What was read on one picture."""

    width: int
    height: int
    digits: tuple[Digit, ...]
    readings: tuple[Reading, ...]
    """In the order a person reads."""
    stage_ms: Mapping[str, float]
    """Wall time of each of `STAGES`, in milliseconds."""
