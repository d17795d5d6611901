"""How readily a net says "not a digit": set on held-out digits, after the training.

An epoch is half outliers, so a fresh net rejects for what it has seen, not for what it will be asked. Its file is made
for glyphs that are digits, and may reject hardly any of them; who asks about other glyphs adds what he knows of them,
as `agent.vision.digits` does for the candidates of a page.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from agent.vision.digits import NOT_A_DIGIT
from converters.data.labelled import LabelledGlyphs
from converters.nets.tensors import to_input

REJECTED = 0.0005
"""Share of held-out digits that may be taken for no digit."""


@torch.no_grad()
def calibrate(net: nn.Module, held_out: LabelledGlyphs) -> float:
    """Lower the logit for "not a digit" just so far that hardly a held-out digit is rejected.

    Args:
        net: in evaluation mode, with a linear layer `head` at its end; its bias is changed in place.
        held_out: digits only.

    Returns:
        By how much the logit was lowered; 0 where nothing had to be done.
    """
    logits = torch.cat([net(to_input(held_out.images[i : i + 1000])) for i in range(0, len(held_out), 1000)])
    lead = (logits[:, NOT_A_DIGIT] - logits[:, :NOT_A_DIGIT].max(dim=1).values).numpy()
    lowered = max(0.0, float(np.quantile(lead, 1 - REJECTED)))
    head = net.get_submodule("head")
    assert isinstance(head, nn.Linear)
    head.bias[NOT_A_DIGIT] -= lowered
    return lowered
