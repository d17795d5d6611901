"""After the training a net may reject hardly any digit."""

from __future__ import annotations

import numpy as np
import torch

from agent.vision.digits import NOT_A_DIGIT
from converters.data.labelled import LabelledGlyphs
from converters.nets import build_net
from converters.nets.tensors import to_input
from converters.train.calibrate import REJECTED, calibrate


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
