"""Train a classifier in the steps of its recipe. Each step changes the net, trains it and measures it.

A run resumes after its last complete epoch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from converters.compress.cluster import cluster
from converters.compress.expand import expand
from converters.compress.prune import prune
from converters.compress.quantize import finish_qat, prepare_qat
from converters.compress.sparsify import fold_parametrizations, sparsify
from converters.export.cost import measure_cost
from converters.export.ranges import Ranges, measure_ranges
from converters.nets import build_net
from converters.nets.fold import fold
from converters.nets.shape import shape_like
from converters.nets.tensors import to_input
from converters.recipe import ClassifierRecipe, Cluster, Fit, Prune, Quantize, Sparsify, Step
from converters.report.log import StepRow
from converters.train.calibrate import limit_rejections
from converters.train.learn import Progress, accuracy, device_name, start_learner, train_epoch
from converters.train.phase import OnPhase, ignore_phase
from converters.train.state import load_state, resuming, save_state
from converters.train.training_data import TrainingData


@dataclass(frozen=True, eq=False)
class ClassifierRun:
    """Inputs of a run."""

    data: TrainingData
    seed: int
    state_file: Path
    """File that is written after every epoch, to resume from."""
    on_epoch: Callable[[Progress], None]
    """Called after every epoch."""
    on_phase: OnPhase = ignore_phase
    """Called after every batch."""
    initial_net: nn.Module | None = None
    """Net that the first step starts from; None for a net with random weights."""

    @property
    def recipe(self) -> ClassifierRecipe:
        return self.data.recipe

    @cached_property
    def range_sample(self) -> NDArray[np.uint8]:
        """Glyphs to measure int8 ranges on, uint8 (n, 28, 28)."""
        return self.data.range_sample(self.seed)


@dataclass(frozen=True, eq=False)
class TrainedClassifier:
    """Result of a run."""

    net: nn.Module
    """The trained net, on the CPU, in evaluation mode."""
    ranges: Ranges
    """Ranges of its activations, learnt or measured."""
    steps: tuple[StepRow, ...]
    device: str
    """Name of the training device, for the log."""


@dataclass
class _RunState:
    """Position of a run in its recipe; saved in the state file."""

    step: int = 0
    """Number of the current step, from 0."""
    initial: Mapping[str, Tensor] = field(default_factory=dict)
    """State dictionary of the net at the beginning of the step."""
    learner: Mapping[str, Any] | None = None
    """State of the learner after the last epoch; None before the first epoch of the step."""
    rows: list[StepRow] = field(default_factory=list)
    """Rows of finished steps."""
    seconds: float = 0.0
    """Training time of the current step."""
    device: str = ""
    """Name of the device of the last epoch."""


def train_classifier(run: ClassifierRun) -> TrainedClassifier:
    """Take all steps of the recipe, resuming from the state file if it exists.

    Raises:
        TrainingError: the state file is damaged, or belongs to another run.
        OutputError: the state file cannot be written.
    """
    torch.manual_seed(run.seed)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    recipe, net = run.recipe, build_net(run.recipe.net)
    state = _load_state(run) or _initial_state(run, net)
    with resuming(run.state_file):
        net = shape_like(net, state.initial)
        net.load_state_dict(dict(state.initial))
    ranges: Ranges | None = None
    for number in range(state.step, len(recipe.steps)):
        net, ranges = _take_step(run, recipe.steps[number], net.eval(), state)
        state = _RunState(number + 1, net.state_dict(), None, state.rows, device=state.device)
    return TrainedClassifier(net, ranges or measure_ranges(net, run.range_sample), tuple(state.rows), state.device)


def _initial_state(run: ClassifierRun, new_net: nn.Module) -> _RunState:
    rows, net = list(run.data.teacher_rows), run.initial_net
    if net is not None:
        rows.append(_measure(run, net, net, "start"))
    return _RunState(initial=(net or new_net).state_dict(), rows=rows)


def _take_step(run: ClassifierRun, step: Step, net: nn.Module, state: _RunState) -> tuple[nn.Module, Ranges | None]:
    """Take one step and add its rows to the state.

    Returns:
        The net after the step, on the CPU, and its int8 ranges if the step learnt them.
    """
    if isinstance(step, Quantize):
        return _quantize(run, step, net, state)
    net = fold_parametrizations(_train(run, step, _change_net(step, net), state)).cpu().eval()
    _limit_rejections(net, run)
    state.rows.append(_measure(run, net, net, _name(step), epochs=step.epochs, seconds=state.seconds))
    return net, None


def _quantize(run: ClassifierRun, step: Quantize, net: nn.Module, state: _RunState) -> tuple[nn.Module, Ranges]:
    folded = fold(net)
    rounding = prepare_qat(folded, measure_ranges(folded, run.range_sample))
    if state.learner is None:
        state.rows.append(_measure(run, folded, rounding, "round"))
    quantized, learnt_ranges = finish_qat(_train(run, step, rounding, state), folded)
    ranges = _complete_ranges(quantized, learnt_ranges, run)
    _limit_rejections(quantized, run)
    rounding = prepare_qat(quantized, ranges)
    row = _measure(run, quantized, rounding, _name(step), epochs=step.epochs, seconds=state.seconds)
    state.rows.append(row)
    return quantized, ranges


def _change_net(step: Step, net: nn.Module) -> nn.Module:
    if isinstance(step, Fit) and step.expansion_factor > 1:
        return expand(net, step.expansion_factor)
    if isinstance(step, Prune):
        return prune(net, step.pruning_ratio, torch.zeros(1, 1, 28, 28))
    if isinstance(step, Cluster):
        return cluster(net)
    return sparsify(net) if isinstance(step, Sparsify) else net


def _train(run: ClassifierRun, step: Step, net: Any, state: _RunState) -> Any:
    """Train for the remaining epochs of a step.

    Returns:
        The net with averaged weights, on the CPU.
    """
    data = run.data
    learner = start_learner(net, step, data.device)
    if state.learner is not None:
        with resuming(run.state_file):
            learner.load_state_dict(state.learner)
    earlier_epochs = sum(one.epochs for one in run.recipe.steps[: state.step])
    while learner.epoch < step.epochs:
        started = time.monotonic()
        batches = data.epochs.epoch(run.seed, state.step, learner.epoch)
        full_precision = isinstance(step, Quantize)
        mean_loss = train_epoch(
            learner,
            step,
            batches,
            data.pool.batches_per_epoch,
            data.loss,
            full_precision=full_precision,
            on_phase=lambda phase: run.on_phase(phase._replace(name=f"{_name(step)}: {phase.name}")),
        )
        state.seconds += time.monotonic() - started
        state.device = device_name()
        _save_state(run, replace(state, learner=learner.state_dict()))
        held_out = accuracy(learner.averaged_net, data.dataset.held_out)
        run.on_epoch(Progress(earlier_epochs + learner.epoch, run.recipe.epochs, mean_loss, held_out, _name(step)))
    return learner.averaged_net.cpu().eval()


def _name(step: Step) -> str:
    """Return the name of a step, as in the recipe and in the log."""
    return str(step.__struct_config__.tag)


def _limit_rejections(net: nn.Module, run: ClassifierRun) -> None:
    if run.recipe.glyphs_per_epoch.outliers:
        limit_rejections(net, run.data.dataset.held_out)


def _complete_ranges(folded: fx.GraphModule, learnt: Ranges, run: ClassifierRun) -> Ranges:
    """Return the range of every node of a folded net: the learnt one, also after nodes that keep the scale."""
    ranges = dict(measure_ranges(folded, run.range_sample))
    for node in folded.graph.nodes:
        if node.name in learnt:
            ranges[node.name] = learnt[node.name]
        elif _keeps_scale(folded, node):
            ranges[node.name] = ranges[node.args[0].name]
    return ranges


def _keeps_scale(folded: fx.GraphModule, node: fx.Node) -> bool:
    """Whether int8 files store the result of this node with the scale of its input: poolings and flattening."""
    if node.op == "call_module":
        return isinstance(folded.get_submodule(str(node.target)), (nn.AvgPool2d, nn.MaxPool2d, nn.Identity))
    return node.op == "call_method"


def _measure(
    run: ClassifierRun, net: nn.Module, evaluated: nn.Module, do: str, *, epochs: int = 0, seconds: float = 0.0
) -> StepRow:
    """Make the log's row about a step.

    Args:
        run: the run.
        net: net whose cost is measured.
        evaluated: the same net, or its rounding version, whose accuracy is measured.
        do: name of the step.
        epochs: number of its epochs.
        seconds: training time.
    """
    cost = measure_cost(net, to_input(run.range_sample[:1]))
    evaluated = evaluated.to(run.data.device).eval()
    row = StepRow(
        do=do,
        epochs=epochs,
        minutes=round(seconds / 60, 2),
        held_out=accuracy(evaluated, run.data.dataset.held_out),
        test=accuracy(evaluated, run.data.dataset.test),
        parameters=cost.parameters,
        macs=cost.macs,
    )
    evaluated.cpu()
    return row


def _save_state(run: ClassifierRun, state: _RunState) -> None:
    content = {
        "step": state.step,
        "initial": dict(state.initial),
        "learner": state.learner,
        "rows": msgspec.to_builtins(state.rows),
        "seconds": state.seconds,
        "device": state.device,
    }
    save_state(run.state_file, run.recipe, run.seed, content)


def _load_state(run: ClassifierRun) -> _RunState | None:
    content = load_state(run.state_file, run.recipe, run.seed)
    if content is None:
        return None
    with resuming(run.state_file):
        rows = msgspec.convert(content["rows"], list[StepRow])
        step, seconds = int(content["step"]), float(content["seconds"])
        return _RunState(step, content["initial"], content["learner"], rows, seconds, str(content["device"]))
