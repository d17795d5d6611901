"""A run in steps: each changes the net, lets it learn, and is measured; it resumes after its last whole epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
from converters.compress.quantize import finish, prepare
from converters.compress.sparsify import fold_masks, sparsify
from converters.export.cost import measure_cost
from converters.export.ranges import Ranges, fold, measure_ranges
from converters.nets import build_net
from converters.nets.shape import shape_like
from converters.nets.tensors import to_input
from converters.recipe import Cluster, Fit, Prune, Quantize, Sparsify, Step, StepsRecipe
from converters.report.log import StepRow
from converters.train.calibrate import calibrate
from converters.train.dataset import Gathered
from converters.train.learn import accuracy, begin, device_name, learn_epoch, pack, unpack
from converters.train.progress import Progress
from converters.train.state import load_state, resuming, save_state
from converters.train.training_data import Material


@dataclass(frozen=True, eq=False)
class Task:
    """A run: with what, and who is told."""

    material: Material
    seed: int
    state_file: Path
    report: Callable[[Progress], None]
    start: nn.Module | None = None
    """The net that the first step changes; a fresh one where there is none."""

    @property
    def recipe(self) -> StepsRecipe:
        return self.material.recipe

    @property
    def gathered(self) -> Gathered:
        return self.material.gathered


@dataclass(frozen=True, eq=False)
class Result:
    """What a run came to."""

    net: nn.Module
    """On the CPU, in evaluation mode."""
    ranges: Ranges
    steps: tuple[StepRow, ...]
    device: str
    """What learnt, for people."""


@dataclass(frozen=True, eq=False)
class _Shop:
    """What all steps of a run share."""

    task: Task
    sample: NDArray[np.uint8]

    @property
    def material(self) -> Material:
        return self.task.material


@dataclass(frozen=True)
class _Took:
    """What was done, and how long it took."""

    do: str
    epochs: int = 0
    seconds: float = 0.0


@dataclass
class _State:
    """Where a run is."""

    number: int = 0
    """Of the step."""
    entered: Mapping[str, Tensor] = field(default_factory=dict)
    """The net's weights when the step began."""
    learner: Mapping[str, Any] | None = None
    rows: list[StepRow] = field(default_factory=list)
    """Of the steps before."""
    seconds: float = 0.0
    """That this step has learnt."""
    device: str = ""
    """What learnt last."""


def train_steps(task: Task) -> Result:
    """Take all steps, from where the state file left off if it is there.

    Raises:
        TrainingError: the state file is damaged, or another run's.
        OutputError: it cannot be written.
    """
    torch.manual_seed(task.seed)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    shop, recipe = _Shop(task, task.material.sample(task.seed)), task.recipe
    net = build_net(recipe.net)
    state = _resumed(task) or _begun(shop, net)
    with resuming(task.state_file):
        net = shape_like(net, state.entered)
        net.load_state_dict(dict(state.entered))
    ranges: Ranges | None = None
    for number in range(state.number, len(recipe.steps)):
        net, ranges = _take(shop, recipe.steps[number], net.eval(), state)
        state = _State(number + 1, net.state_dict(), None, state.rows, device=state.device)
    return Result(net, ranges or measure_ranges(net, shop.sample), tuple(state.rows), state.device)


def _begun(shop: _Shop, fresh: nn.Module) -> _State:
    """Before the first step."""
    rows, start = list(shop.material.taught_by), shop.task.start
    if start is not None:
        rows.append(_measure(shop, _Took("start"), start, start))
    return _State(entered=(start or fresh).state_dict(), rows=rows)


def _take(shop: _Shop, step: Step, net: nn.Module, state: _State) -> tuple[nn.Module, Ranges | None]:
    """One step: the net after it, and its int8 ranges if it has learnt them; its rows are added to the state."""
    if isinstance(step, Quantize):
        folded = fold(net)
        rounding = prepare(folded, measure_ranges(folded, shop.sample))
        if state.learner is None:
            state.rows.append(_measure(shop, _Took("round"), folded, rounding))
        learnt = _learn(shop, step, rounding, state)
        net, own = finish(learnt, folded)
        ranges = _all_ranges(net, own, shop)
        _calibrate(net, shop)
        took = _Took("quantize", step.epochs, state.seconds)
        state.rows.append(_measure(shop, took, net, prepare(net, ranges)))
        return net, ranges
    changed = _change(step, net)
    net = fold_masks(_learn(shop, step, changed, state)).cpu().eval()
    _calibrate(net, shop)
    took = _Took(str(step.__struct_config__.tag), step.epochs, state.seconds)
    state.rows.append(_measure(shop, took, net, net))
    return net, None


def _change(step: Step, net: nn.Module) -> nn.Module:
    if isinstance(step, Fit) and step.expand > 1:
        return expand(net, step.expand)
    if isinstance(step, Prune):
        return prune(net, step.channels, torch.zeros(1, 1, 28, 28))
    if isinstance(step, Cluster):
        return cluster(net)
    return sparsify(net) if isinstance(step, Sparsify) else net


def _learn(shop: _Shop, step: Step, net: Any, state: _State) -> Any:
    """The net with averaged weights, after all epochs of the step."""
    task = shop.task
    learner = begin(net, step, shop.material.device)
    if state.learner is not None:
        with resuming(task.state_file):
            unpack(learner, state.learner)
    before = sum(one.epochs for one in task.recipe.steps[: state.number])
    while learner.epoch < step.epochs:
        started = time.monotonic()
        batches = shop.material.decks.epoch(task.seed, state.number, learner.epoch)
        exact = isinstance(step, Quantize)
        mean_loss = learn_epoch(learner, step, batches, shop.material.epoch_batches, shop.material.loss, exact=exact)
        state.seconds += time.monotonic() - started
        state.device = device_name()
        _save(task, replace(state, learner=pack(learner)))
        right = accuracy(learner.average, task.gathered.held_out)
        name = str(step.__struct_config__.tag)
        task.report(Progress(before + learner.epoch, task.recipe.epochs, mean_loss, right, name))
    return learner.average.cpu().eval()


def _calibrate(net: nn.Module, shop: _Shop) -> None:
    if shop.task.recipe.mix.outliers:
        calibrate(net, shop.task.gathered.held_out)


def _all_ranges(folded: fx.GraphModule, learnt: Ranges, shop: _Shop) -> Ranges:
    """The range of every step of a folded net: the learnt ones, handed on by steps that keep the scale."""
    ranges = dict(measure_ranges(folded, shop.sample))
    for node in folded.graph.nodes:
        if node.name in learnt:
            ranges[node.name] = learnt[node.name]
        elif _keeps_scale(folded, node):
            ranges[node.name] = ranges[node.args[0].name]
    return ranges


def _keeps_scale(folded: fx.GraphModule, node: fx.Node) -> bool:
    """Whether int8 files store what this step gives on the scale of what it takes: poolings and flattening."""
    if node.op == "call_module":
        return isinstance(folded.get_submodule(str(node.target)), (nn.AvgPool2d, nn.MaxPool2d, nn.Identity))
    return node.op == "call_method"


def _measure(shop: _Shop, took: _Took, net: nn.Module, judged: nn.Module) -> StepRow:
    """A row about a net, judged as it is or as it rounds."""
    cost = measure_cost(net, to_input(shop.sample[:1]))
    judged = judged.to(shop.material.device).eval()
    row = StepRow(
        do=took.do,
        epochs=took.epochs,
        minutes=round(took.seconds / 60, 2),
        held_out=accuracy(judged, shop.task.gathered.held_out),
        test=accuracy(judged, shop.task.gathered.test),
        parameters=cost.parameters,
        macs=cost.macs,
    )
    judged.cpu()
    return row


def _save(task: Task, state: _State) -> None:
    content = {
        "number": state.number,
        "entered": dict(state.entered),
        "learner": state.learner,
        "rows": msgspec.to_builtins(state.rows),
        "seconds": state.seconds,
        "device": state.device,
    }
    save_state(task.state_file, task.recipe, task.seed, content)


def _resumed(task: Task) -> _State | None:
    content = load_state(task.state_file, task.recipe, task.seed)
    if content is None:
        return None
    with resuming(task.state_file):
        rows = msgspec.convert(content["rows"], list[StepRow])
        number, seconds = int(content["number"]), float(content["seconds"])
        return _State(number, content["entered"], content["learner"], rows, seconds, str(content["device"]))
