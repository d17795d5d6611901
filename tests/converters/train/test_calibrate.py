"""Calibration of trained nets."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from agent.vision.digits import CLASSES, NOT_A_DIGIT
from converters.data.labelled import LabelledImages
from converters.nets import build_net
from converters.nets.tensors import to_input
from converters.train.calibrate import MAX_REJECTED_SHARE, limit_rejections, scale_temperature

pytestmark = pytest.mark.slow


def held_out() -> LabelledImages:
    images = np.random.default_rng(0).integers(0, 256, (4000, 28, 28)).astype(np.uint8)
    return LabelledImages(images, np.zeros(4000, np.int64))


def test_limited_rejections_leave_the_digit_logits_unchanged() -> None:
    torch.manual_seed(0)
    net = build_net("base").eval()
    head = net.get_submodule("head")
    assert isinstance(head, torch.nn.Linear)
    glyphs = held_out()
    with torch.no_grad():
        head.bias[NOT_A_DIGIT] += 50
        before = net(to_input(glyphs.images[:500]))
        reduction = limit_rejections(net, glyphs)
        logits = net(to_input(glyphs.images))
    assert reduction > 40
    assert (logits.argmax(dim=1) == NOT_A_DIGIT).float().mean() <= 2 * MAX_REJECTED_SHARE
    assert torch.allclose(before[:, :NOT_A_DIGIT], logits[:500, :NOT_A_DIGIT], atol=1e-4)
    assert limit_rejections(net, glyphs) < 1e-3


def test_a_net_that_rejects_nothing_is_unchanged() -> None:
    torch.manual_seed(0)
    net = build_net("base").eval()
    head = net.get_submodule("head")
    assert isinstance(head, torch.nn.Linear)
    with torch.no_grad():
        head.bias[NOT_A_DIGIT] -= 50
    before = head.bias.clone()
    assert limit_rejections(net, held_out()) == 0
    assert torch.equal(head.bias, before)


class OneLayer(nn.Module):
    """Net of contexts with one linear layer, whose logits differ from image to image."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3 * 32 * 48, CLASSES)
        nn.init.normal_(self.head.weight, std=0.05)

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(contexts.flatten(1))
        return logits


def test_temperature_scaling_corrects_an_overconfident_net() -> None:
    """Labels are drawn from the net's probabilities. Then its logits are tripled, so the right temperature is 3."""
    torch.manual_seed(0)
    net = OneLayer().eval()
    images = np.random.default_rng(0).integers(0, 256, (3000, 3, 32, 48)).astype(np.uint8)
    with torch.no_grad():
        probabilities = torch.softmax(net(to_input(images)), dim=1)
        labels = torch.multinomial(probabilities, 1).squeeze(1).numpy()
        net.head.weight.mul_(3)
        net.head.bias.mul_(3)
    glyphs = LabelledImages(images, labels)
    assert scale_temperature(net, glyphs) == pytest.approx(3, rel=0.15)
    assert scale_temperature(net, glyphs) == pytest.approx(1, rel=0.05)
