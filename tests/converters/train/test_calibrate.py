"""After the training a net may reject hardly any digit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from agent.vision.digits import CLASSES, NOT_A_DIGIT
from converters.data.labelled import LabelledGlyphs
from converters.nets import build_net
from converters.nets.tensors import to_input
from converters.train.calibrate import REJECTED, calibrate, temper


def held_out() -> LabelledGlyphs:
    images = np.random.default_rng(0).integers(0, 256, (4000, 28, 28)).astype(np.uint8)
    return LabelledGlyphs(images, np.zeros(4000, np.int64))


def test_a_net_that_rejects_everything_is_taught_otherwise_and_its_digits_stay_in_order() -> None:
    torch.manual_seed(0)
    net = build_net("base").eval()
    head = net.get_submodule("head")
    assert isinstance(head, torch.nn.Linear)
    glyphs = held_out()
    with torch.no_grad():
        head.bias[NOT_A_DIGIT] += 50
        before = net(to_input(glyphs.images[:500]))
        lowered = calibrate(net, glyphs)
        logits = net(to_input(glyphs.images))
    assert lowered > 40
    assert (logits.argmax(dim=1) == NOT_A_DIGIT).float().mean() <= 2 * REJECTED
    assert torch.allclose(before[:, :NOT_A_DIGIT], logits[:500, :NOT_A_DIGIT], atol=1e-4)
    assert calibrate(net, glyphs) < 1e-3


def test_a_net_that_rejects_nothing_stays_as_it_is() -> None:
    torch.manual_seed(0)
    net = build_net("base").eval()
    head = net.get_submodule("head")
    assert isinstance(head, torch.nn.Linear)
    with torch.no_grad():
        head.bias[NOT_A_DIGIT] -= 50
    before = head.bias.clone()
    assert calibrate(net, held_out()) == 0
    assert torch.equal(head.bias, before)


class OneLayer(nn.Module):
    """Surroundings to logits, each of which says something else of every picture."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3 * 32 * 48, CLASSES)
        nn.init.normal_(self.head.weight, std=0.05)

    def forward(self, surroundings: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(surroundings.flatten(1))
        return logits


def test_a_net_that_sounds_surer_than_it_is_learns_modesty() -> None:
    """Its labels are drawn as it says; then its logits are trebled, and the temperature takes that back."""
    torch.manual_seed(0)
    net = OneLayer().eval()
    images = np.random.default_rng(0).integers(0, 256, (3000, 3, 32, 48)).astype(np.uint8)
    with torch.no_grad():
        shares = torch.softmax(net(to_input(images)), dim=1)
        labels = torch.multinomial(shares, 1).squeeze(1).numpy()
        net.head.weight.mul_(3)
        net.head.bias.mul_(3)
    glyphs = LabelledGlyphs(images, labels)
    assert temper(net, glyphs) == pytest.approx(3, rel=0.15)
    assert temper(net, glyphs) == pytest.approx(1, rel=0.05)
