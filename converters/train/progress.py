"""How far a run is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a run is, after an epoch."""

    epoch: int
    """Of all steps."""
    epochs: int
    loss: float
    held_out_accuracy: float
    """Share of held-out training digits, or of a verifier's candidates, that are read right."""
    step: str = ""
    """What it is at, where it has several steps."""
