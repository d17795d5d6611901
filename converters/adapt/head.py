"""Fold an adjustment of logits into the last layer of a net: its files compute the adjusted logits then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from agent.choice.learned import Matrix, adjust
from converters.checkpoint import Checkpoint

HEAD = "head"
"""Name of the last layer of every net: a linear layer, or a 1 x 1 convolution of a line recogniser."""


def fold_adjustment(checkpoint: Checkpoint, matrix: Matrix, logits: NDArray[np.float32]) -> Checkpoint:
    """Return a checkpoint whose net gives adjusted logits.

    Args:
        checkpoint: the net as it is.
        matrix: the adjustment, float32 (k + 1, k).
        logits: typical outputs of the net, float32 (n, k): the range of the adjusted logits is measured on them.
    """
    weight, bias = (checkpoint.state[f"{HEAD}.{name}"].double() for name in ("weight", "bias"))
    mixing, shift = torch.tensor(matrix[:-1].T, dtype=torch.float64), torch.tensor(matrix[-1], dtype=torch.float64)
    state = {
        **checkpoint.state,
        f"{HEAD}.weight": (mixing @ weight.flatten(1)).reshape(weight.shape).float(),
        f"{HEAD}.bias": (mixing @ bias + shift).float(),
    }
    adjusted, (low, high) = adjust(logits, matrix), checkpoint.ranges[HEAD]
    ranges = {**checkpoint.ranges, HEAD: (min(low, float(adjusted.min())), max(high, float(adjusted.max())))}
    return replace(checkpoint, state=state, ranges=ranges, accuracy={})
