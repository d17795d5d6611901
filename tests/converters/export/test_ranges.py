from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import fx, nn

from converters.checkpoint import Checkpoint, restore
from converters.export.cost import Cost, measure_cost
from converters.export.golden import golden_inputs, varied_inputs
from converters.export.ranges import measure_ranges, ranges_of_tensors
from converters.nets.fold import fold
from converters.nets.tensors import to_input
from profiles.errors import ConversionError

pytestmark = pytest.mark.slow

PROBE = golden_inputs("classifier")[3:4]


@torch.no_grad()
def test_folding_does_not_change_the_logits(checkpoint: Checkpoint, folded: fx.GraphModule) -> None:
    glyphs = to_input(varied_inputs("classifier", 20))
    net = restore(checkpoint)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    torch.testing.assert_close(folded(glyphs), net(glyphs), rtol=1e-4, atol=1e-4)


def test_folding_does_not_change_the_original_net(checkpoint: Checkpoint) -> None:
    net = restore(checkpoint)
    fold(net)
    assert all(torch.equal(value, checkpoint.state[name]) for name, value in net.state_dict().items())


@torch.no_grad()
def test_ranges_are_the_smallest_and_largest_values(folded: fx.GraphModule) -> None:
    glyphs = varied_inputs("classifier", 30)
    ranges = measure_ranges(folded, glyphs)
    logits = folded(to_input(glyphs))
    assert next(iter(ranges)) == "glyphs"
    assert ranges["glyphs"] == (0.0, 1.0)
    assert ranges["head"] == pytest.approx((min(0, float(logits.min())), float(logits.max())), rel=1e-5)
    assert all(low <= 0 <= high for low, high in ranges.values())
    assert all(ranges[name][0] == 0 for name in ranges if isinstance(module_of(folded, name), nn.ReLU))


def module_of(folded: fx.GraphModule, name: str) -> nn.Module | None:
    node = next(node for node in folded.graph.nodes if node.name == name)
    return folded.get_submodule(str(node.target)) if node.op == "call_module" else None


@torch.no_grad()
def test_a_tensor_is_matched_to_its_node_by_its_values(folded: fx.GraphModule) -> None:
    ranges = measure_ranges(folded, varied_inputs("classifier", 30))
    first = folded.get_submodule("features.2")(folded.get_submodule("features.0")(to_input(PROBE))).numpy()
    tensors = {
        "unchanged": first,
        "channels last": first.transpose(0, 2, 3, 1),
        "padded": np.pad(first, ((0, 0), (0, 0), (1, 1), (1, 1))),
        "the logits": folded(to_input(PROBE)).numpy(),
    }
    assert ranges_of_tensors(folded, ranges, tensors, PROBE) == {
        "unchanged": ranges["features_2"],
        "channels last": ranges["features_2"],
        "padded": ranges["features_2"],
        "the logits": ranges["head"],
    }


def test_a_tensor_that_the_net_does_not_compute_is_an_error(folded: fx.GraphModule) -> None:
    ranges = measure_ranges(folded, PROBE)
    with pytest.raises(ConversionError, match="'odd' of the export matches no node of its net"):
        ranges_of_tensors(folded, ranges, {"odd": np.full(11, 3.25, np.float32)}, PROBE)


def test_missing_ranges_are_an_error(folded: fx.GraphModule) -> None:
    with pytest.raises(ConversionError, match="no range for 'glyphs'"):
        ranges_of_tensors(folded, {}, {"input": to_input(PROBE).numpy()}, PROBE)


def test_macs_are_counted_for_each_filter() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.Conv2d(8, 6, 3, padding=1, groups=2),
        nn.Flatten(),
        nn.Linear(1176, 11),
    )
    convolutions = 14 * 14 * (8 * 9 + 6 * 4 * 9)
    assert measure_cost(net, torch.zeros(1, 1, 28, 28)) == Cost(
        parameters=8 * (9 + 1) + 6 * (4 * 9 + 1) + 11 * (1176 + 1), macs=convolutions + 11 * 1176
    )
