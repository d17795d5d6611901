"""Each compression method alone, on nets with random weights."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from agent.vision.digits import NOT_A_DIGIT
from converters.compress.cluster import cluster
from converters.compress.distil import Ensemble, Teachers, distillation_loss
from converters.compress.expand import expand
from converters.compress.prune import prune, prune_by_loss
from converters.compress.quantize import finish_qat, prepare_qat
from converters.compress.sparsify import fold_parametrizations, sparsify, two_of_four_mask
from converters.export.cost import measure_cost
from converters.export.golden import golden_inputs
from converters.export.ranges import measure_ranges
from converters.nets import build_net
from converters.nets.fold import fold
from converters.nets.shape import shape_like
from converters.nets.tensors import to_input

GLYPHS = golden_inputs("classifier")
CPU = torch.device("cpu")


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(0)
    return build_net("small").eval()


@pytest.mark.slow
def test_pruning_removes_weights_and_computations(net: nn.Module) -> None:
    before = measure_cost(net, to_input(GLYPHS[:1]))
    state = prune(net, 0.5, to_input(GLYPHS[:1])).state_dict()
    loaded = shape_like(build_net("small"), state).eval()
    loaded.load_state_dict(state)
    after = measure_cost(loaded, to_input(GLYPHS[:1]))
    assert after.parameters < 0.35 * before.parameters
    assert after.macs < 0.4 * before.macs
    with torch.no_grad():
        assert loaded(to_input(GLYPHS)).shape == (len(GLYPHS), 11)
        assert torch.equal(loaded(to_input(GLYPHS)), net(to_input(GLYPHS)))


@pytest.mark.slow
def test_pruning_by_loss_removes_the_channels_that_are_needed_least() -> None:
    torch.manual_seed(0)
    net, strips = build_net("recogniser").eval(), to_input(golden_inputs("recogniser"))
    unneeded = {"features.13.inner.1": [3, 7], "features.16.inner.4": [11]}
    for name, norm in net.named_modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.weight.data /= 10
            norm.bias.data += 1  # no channel is always 0 by chance
            norm.weight.data[unneeded.get(name, [])] = norm.bias.data[unneeded.get(name, [])] = 0
    with torch.no_grad():
        before = net(strips)
    prune_by_loss(net, 3, strips[:1], lambda one: float((one(strips) - before).abs().sum()))
    with torch.no_grad():
        assert torch.allclose(net(strips), before, atol=1e-5)
    sizes = {name: len(net.get_parameter(f"{name}.weight")) for name in unneeded}
    assert sizes == {"features.13.inner.1": 38, "features.16.inner.4": 39}
    loaded = shape_like(build_net("recogniser"), net.state_dict()).eval()
    loaded.load_state_dict(net.state_dict())
    assert torch.equal(loaded(strips), net(strips))


@pytest.mark.slow
def test_an_expanded_net_computes_the_same_and_folds_to_its_original_size(net: nn.Module) -> None:
    inputs, names = to_input(GLYPHS), list(net.state_dict())
    with torch.no_grad():
        before = net(inputs)
    wide = expand(copy.deepcopy(net), 4)
    assert sum(p.numel() for p in wide.parameters()) > 10 * sum(p.numel() for p in net.parameters())
    assert torch.allclose(wide(inputs), before, atol=1e-5)
    optimizer = torch.optim.SGD(wide.parameters(), 0.1)
    wide(inputs).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in wide.get_submodule("features").parameters())
    optimizer.step()
    with torch.no_grad():
        trained = wide(inputs)
        narrow = fold_parametrizations(wide)
        assert list(narrow.state_dict()) == names
        assert torch.allclose(narrow(inputs), trained, atol=1e-5)
    assert not torch.allclose(trained, before, atol=1e-2)


@pytest.mark.slow
def test_a_clustered_layer_has_fifteen_int8_values_also_after_folding(net: nn.Module) -> None:
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight)  # folding changes the sign of some filters
    before = net.get_parameter("features.3.weight").detach().clone()
    weight = fold(fold_parametrizations(cluster(net))).get_parameter("features.3.weight").detach().flatten(1)
    codes = weight / (weight.abs().amax(dim=1, keepdim=True) / 127)
    assert torch.allclose(codes, codes.round(), atol=1e-3)
    values = set(codes.round().flatten().tolist())
    assert len(values) <= 15
    assert {0, 127, -127} <= values
    change = net.get_parameter("features.3.weight").detach() - before
    assert float(change.abs().mean()) < 0.15 * float(before.abs().mean())


@pytest.mark.slow
def test_clustered_weights_can_be_trained(net: nn.Module) -> None:
    before = fold_parametrizations(cluster(copy.deepcopy(net))).get_parameter("features.3.weight")
    clustered = cluster(net)
    optimizer = torch.optim.SGD(clustered.parameters(), 0.1)
    clustered(to_input(GLYPHS)).square().sum().backward()
    optimizer.step()
    assert not torch.equal(fold_parametrizations(clustered).get_parameter("features.3.weight"), before)


def test_sparsity_keeps_the_two_largest_of_four_weights(net: nn.Module) -> None:
    before = net.get_parameter("features.3.weight").detach().clone()
    weight = fold_parametrizations(sparsify(net)).get_parameter("features.3.weight").detach()
    groups = groups_of_four(weight)
    assert ((groups != 0).sum(dim=-1) == 2).all()
    kept = weight != 0
    assert torch.equal(weight[kept], before[kept])
    assert before[~kept].abs().mean() < before[kept].abs().mean()
    assert net.get_parameter("features.0.weight").all(), "one input channel is not a group of four"


def groups_of_four(weight: torch.Tensor) -> torch.Tensor:
    moved = weight.movedim(1, -1)
    return moved.reshape(*moved.shape[:-1], -1, 4)


def test_a_2_4_mask_has_two_ones_in_each_group() -> None:
    weight = torch.tensor([4.0, -3, 2, 1, 0.1, -0.2, 0.3, -0.4]).view(1, 8, 1, 1)
    assert two_of_four_mask(weight).flatten().tolist() == [1, 1, 0, 0, 0, 0, 1, 1]


@pytest.mark.slow
def test_sparse_weights_stay_sparse_in_quantization_aware_training(net: nn.Module) -> None:
    folded = fold(fold_parametrizations(sparsify(net)))
    rounding = prepare_qat(folded, measure_ranges(folded, GLYPHS)).train()
    optimizer = torch.optim.SGD(rounding.parameters(), 0.1)
    rounding(to_input(GLYPHS)).square().sum().backward()
    optimizer.step()
    quantized, _ = finish_qat(rounding, folded)
    groups = groups_of_four(quantized.get_parameter("features.3.weight"))
    assert ((groups != 0).sum(dim=-1) <= 2).all()


@pytest.mark.slow
def test_quantized_weights_are_multiples_of_the_scale(net: nn.Module) -> None:
    folded = fold(net)
    rounding = prepare_qat(folded, measure_ranges(folded, GLYPHS)).eval()
    with torch.no_grad():
        expected = rounding(to_input(GLYPHS))
        quantized, ranges = finish_qat(rounding, copy.deepcopy(folded))
        weight = quantized.get_parameter("features.3.weight").flatten(1)
        steps = weight / (weight.abs().amax(dim=1, keepdim=True) / 127)
        assert torch.allclose(steps, steps.round(), atol=1e-3)
        measured = measure_ranges(folded, GLYPHS)
        repeated = prepare_qat(quantized, {**measured, **ranges}).eval()(to_input(GLYPHS))
    assert torch.allclose(expected, repeated, atol=1e-5), "rounding twice changes nothing"


@pytest.mark.slow
def test_rounding_changes_logits_little(net: nn.Module) -> None:
    folded = fold(net)
    rounding = prepare_qat(folded, measure_ranges(folded, GLYPHS)).eval()
    with torch.no_grad():
        exact, rounded = folded(to_input(GLYPHS)), rounding(to_input(GLYPHS))
    assert not torch.equal(exact, rounded)
    assert float((exact - rounded).abs().max()) < 0.1 * float(exact.abs().max())


@pytest.mark.slow
def test_an_ensemble_returns_the_mean_of_its_nets_probabilities() -> None:
    one, other = build_net("nano").eval(), build_net("lenet5").eval()
    inputs = to_input(GLYPHS)
    with torch.no_grad():
        mean = (one(inputs)[:, :10].softmax(1) + other(inputs).softmax(1)) / 2
        assert torch.allclose(Ensemble([one, other])(inputs), mean, atol=1e-6)


def test_distillation_counts_only_glyphs_that_the_teacher_classifies_correctly() -> None:
    teacher = build_net("nano").eval()
    inputs, temperature = to_input(GLYPHS), 2.0
    soft_labels = Teachers([teacher], temperature, CPU)(inputs)
    with torch.no_grad():
        own, other = teacher(inputs), torch.randn(len(inputs), 11, generator=torch.Generator().manual_seed(0))
    predicted = soft_labels.argmax(dim=1)
    outliers = torch.full_like(predicted, NOT_A_DIGIT)
    assert float(distillation_loss(own, soft_labels, predicted, temperature)) == pytest.approx(0, abs=1e-3)
    assert float(distillation_loss(other, soft_labels, predicted, temperature)) > 0.01
    assert float(distillation_loss(other, soft_labels, (predicted + 1) % 10, temperature)) == 0
    assert float(distillation_loss(other, soft_labels, outliers, temperature)) == 0
