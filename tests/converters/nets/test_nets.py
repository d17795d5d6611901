"""Nets that others have published are theirs: as many weights as they say."""

from __future__ import annotations

import pytest
import torch

from converters.nets import DIGITS_ALONE, build_net


@pytest.mark.parametrize(
    ("name", "weights"),
    [("plain", 693_962), ("lenet5", 61_706), ("m3", 1_124_180), ("m5", 1_128_180), ("m7", 2_291_972)],
)
def test_a_net_has_as_many_weights_as_published(name: str, weights: int) -> None:
    assert sum(weight.numel() for weight in build_net(name).parameters()) == weights


@pytest.mark.parametrize("name", sorted(DIGITS_ALONE))
def test_a_net_to_compare_with_tells_ten_digits(name: str) -> None:
    assert build_net(name).eval()(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
