"""How readily a net says "not a digit", and how sure it sounds: set on held-out examples, after the training.

An epoch is half outliers, so a fresh classifier rejects for what it has seen, not for what it will be asked. Its file
is made for glyphs that are digits, and may reject hardly any of them; who asks about other glyphs adds what he knows of
them, as `agent.vision.classify` does for the candidates of a page. A verifier is asked about candidates and nothing else:
its probabilities are to be what they say (temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural
Networks").
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
TEMPERATURES: tuple[float, ...] = tuple(np.geomspace(0.25, 4, 81).tolist())
"""Those that are tried, 3.5 % apart."""


@torch.no_grad()
def calibrate(net: nn.Module, held_out: LabelledGlyphs) -> float:
    """Lower the logit for "not a digit" just so far that hardly a held-out digit is rejected.

    Args:
        net: in evaluation mode, with a linear layer `head` at its end; its bias is changed in place.
        held_out: digits only.

    Returns:
        By how much the logit was lowered; 0 where nothing had to be done.
    """
    logits = _logits(net, held_out)
    lead = (logits[:, NOT_A_DIGIT] - logits[:, :NOT_A_DIGIT].max(dim=1).values).numpy()
    lowered = max(0.0, float(np.quantile(lead, 1 - REJECTED)))
    _head(net).bias[NOT_A_DIGIT] -= lowered
    return lowered


@torch.no_grad()
def temper(net: nn.Module, held_out: LabelledGlyphs) -> float:
    """Make a net as sure as it is right: divide its logits by the temperature that makes held-out labels likeliest.

    Args:
        net: in evaluation mode, with a linear layer `head` at its end, which is changed in place.
        held_out: what it will be asked about, digits and all else.

    Returns:
        The temperature; below 1 the net was too modest.
    """
    logits, labels = _logits(net, held_out), torch.tensor(held_out.labels)
    losses = [float(nn.functional.cross_entropy(logits / t, labels)) for t in TEMPERATURES]
    temperature = TEMPERATURES[int(np.argmin(losses))]
    head = _head(net)
    head.weight.div_(temperature)
    head.bias.div_(temperature)
    return temperature


def _logits(net: nn.Module, glyphs: LabelledGlyphs) -> torch.Tensor:
    return torch.cat([net(to_input(glyphs.images[i : i + 1000])) for i in range(0, len(glyphs), 1000)])


def _head(net: nn.Module) -> nn.Linear:
    head = net.get_submodule("head")
    assert isinstance(head, nn.Linear)
    return head
