"""Glyphs and surroundings as nets take them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray


def to_input(glyphs: NDArray[np.uint8], device: torch.device | None = None) -> torch.Tensor:
    """Glyphs, uint8 (n, 28, 28), as a net's input, float32 (n, 1, 28, 28) in 0..1; surroundings keep their channels."""
    values = torch.tensor(glyphs, device=device).float() / 255
    return values.unsqueeze(1) if values.ndim == 3 else values
