"""Calibration of a trained net with held-out examples, by a change of its last layer.

A classifier: half of an epoch are outliers, so a trained classifier rejects too many digits. Its file is made for
glyphs that are digits, and may reject almost none of them. Users with other glyphs adjust the logits with their own
prior, as `agent.vision.classify` does for the candidates of a picture.

A verifier: it only classifies candidates of pictures, so its probabilities are calibrated on them by temperature
scaling (Guo et al., On Calibration of Modern Neural Networks, 2017).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from agent.vision.digits import NOT_A_DIGIT
from converters.data.labelled import LabelledImages
from converters.nets.tensors import to_input

MAX_REJECTED_SHARE = 0.0005
"""Largest share of held-out digits that a classifier may reject. A higher value rejects more digits and more outliers.

Chosen by trial.
"""
TEMPERATURES: tuple[float, ...] = tuple(np.geomspace(0.25, 4, 81).tolist())
"""Temperatures that are tried, in steps of 3.5 %."""


@torch.no_grad()
def limit_rejections(net: nn.Module, held_out: LabelledImages) -> float:
    """Lower the logit of "not a digit" until at most `MAX_REJECTED_SHARE` of the held-out digits are rejected.

    Args:
        net: in evaluation mode, with a linear layer `head` at its end; the bias of `head` is changed in place.
        held_out: digits only.

    Returns:
        How much the logit was lowered; 0 if that was not necessary.
    """
    logits = _logits(net, held_out)
    lead = (logits[:, NOT_A_DIGIT] - logits[:, :NOT_A_DIGIT].max(dim=1).values).numpy()
    reduction = max(0.0, float(np.quantile(lead, 1 - MAX_REJECTED_SHARE)))
    _head(net).bias[NOT_A_DIGIT] -= reduction
    return reduction


@torch.no_grad()
def scale_temperature(net: nn.Module, held_out: LabelledImages) -> float:
    """Divide the logits by the temperature with the lowest cross-entropy on held-out images.

    Args:
        net: in evaluation mode, with a linear layer `head` at its end, which is changed in place.
        held_out: digits and outliers, in the shares that the net will classify.

    Returns:
        The temperature; above 1 the net was overconfident.
    """
    logits, labels = _logits(net, held_out), torch.tensor(held_out.labels)
    losses = [float(nn.functional.cross_entropy(logits / t, labels)) for t in TEMPERATURES]
    temperature = TEMPERATURES[int(np.argmin(losses))]
    head = _head(net)
    head.weight.div_(temperature)
    head.bias.div_(temperature)
    return temperature


def _logits(net: nn.Module, images: LabelledImages) -> torch.Tensor:
    return torch.cat([net(to_input(images.images[i : i + 1000])) for i in range(0, len(images), 1000)])


def _head(net: nn.Module) -> nn.Linear:
    head = net.get_submodule("head")
    assert isinstance(head, nn.Linear)
    return head
