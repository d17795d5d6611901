"""One artifact of a checkpoint: exported, stripped, checked against its net, described."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx

from agent.runtimes.net import load_net
from agent.vision.classify import Net
from converters.checkpoint import Checkpoint, load, restore
from converters.data.evaluation_data import load_trial
from converters.evaluate import measure_accuracy
from converters.export import onnx, tflite
from converters.export.cost import measure_cost
from converters.export.golden import golden, golden_inputs, varied_inputs
from converters.export.ranges import Ranges, fold, input_name, ranges_of_tensors
from converters.export.strip import strip_onnx, strip_tflite
from converters.nets import ROLES
from converters.nets.tensors import to_input
from profiles.errors import ConversionError
from profiles.manifest import Artifact, Format, Golden, Precision, Role, Tensor
from profiles.profile import ArtifactKind, RuntimeName

FP32_TOLERANCE = 1e-3
"""Largest difference of a logit from torch's."""
FP16_TOLERANCE = 2e-2
"""The same, as a share of the largest logit."""
MIN_AGREEMENT = 0.95
"""Share of inputs that int8 must take for what the net takes them for. They are letters, too, and hard to tell."""


@dataclass(frozen=True)
class Exporter:
    """One format: how to write it, and what runs it here."""

    to_fp32: Callable[[fx.GraphModule, torch.Tensor], bytes]
    to_fp16: Callable[[bytes], bytes]
    to_int8: Callable[[bytes, Ranges], bytes]
    activations: Callable[[bytes, NDArray[np.float32]], dict[str, NDArray[np.float32]]]
    tensors: Callable[[bytes], tuple[Tensor, Tensor]]
    strip: Callable[[bytes, str], bytes]
    runtime: RuntimeName
    packages: tuple[str, ...]
    """What makes the files, for the manifest."""


EXPORTERS: Mapping[Format, Exporter] = {
    "onnx": Exporter(
        onnx.to_fp32,
        onnx.to_fp16,
        onnx.to_int8,
        onnx.activations,
        onnx.tensors,
        strip_onnx,
        "onnxruntime",
        ("torch", "onnx", "onnxscript", "onnxconverter-common", "onnxruntime"),
    ),
    "tflite": Exporter(
        tflite.to_fp32,
        tflite.to_fp16,
        tflite.to_int8,
        tflite.activations,
        tflite.tensors,
        strip_tflite,
        "ai-edge-litert",
        ("torch", "litert-torch", "ai-edge-quantizer"),
    ),
}


@dataclass(frozen=True)
class Made:
    """A model file and its row of the manifest."""

    artifact: Artifact
    content: bytes


@dataclass(frozen=True, eq=False)
class _Source:
    """What all precisions of one format are made from."""

    checkpoint: Checkpoint
    role: Role
    folded: fx.GraphModule
    fp32: bytes


def make(checkpoint_file: Path, kind: ArtifactKind, data: Path | None) -> Made:
    """Make one artifact.

    Args:
        checkpoint_file: of the net.
        kind: format and precision.
        data: a folder with MNIST to measure the accuracy with; None takes over what the checkpoint says.

    Raises:
        UsageError: there is no checkpoint.
        ArtifactError: it is damaged.
        DatasetError: MNIST is not there.
        ConversionError: the export does not compute what its net computes.
    """
    exporter = EXPORTERS[kind.format]
    source = _source(checkpoint_file, kind.format)
    content = exporter.strip(_at(source, exporter, kind.precision), input_name(source.folded))
    artifact = _describe(source, exporter, kind, content)
    with tempfile.TemporaryDirectory(prefix="digit-convert-") as folder:
        Path(folder, artifact.file).write_bytes(content)
        net = load_net(Path(folder), artifact, exporter.runtime)
    _check(source.folded, net, artifact)
    trial = _trial(source.role, data) if data else None
    accuracy = measure_accuracy(net, artifact, exporter.runtime, trial) if trial else artifact.accuracy
    vectors = golden(net.logits(golden_inputs(source.role)), kind.precision, artifact.output.scale)
    return Made(msgspec.structs.replace(artifact, golden=vectors, accuracy=accuracy), content)


@lru_cache(maxsize=2)
def _source(checkpoint_file: Path, format: Format) -> _Source:  # noqa: A002 (the contract's word)
    checkpoint = load(checkpoint_file)
    folded = fold(restore(checkpoint))
    role = ROLES[checkpoint.net]
    example = to_input(golden_inputs(role)[:1])
    return _Source(checkpoint, role, folded, EXPORTERS[format].to_fp32(folded, example))


_trial = lru_cache(maxsize=1)(load_trial)
"""Drawing what a verifier is judged on takes seconds; files of one checkpoint follow each other."""


def _at(source: _Source, exporter: Exporter, precision: Precision) -> bytes:
    if precision == "fp32":
        return source.fp32
    if precision == "fp16":
        return exporter.to_fp16(source.fp32)
    probe = golden_inputs(source.role)[5:6]
    activations = exporter.activations(source.fp32, to_input(probe).numpy())
    return exporter.to_int8(source.fp32, ranges_of_tensors(source.folded, source.checkpoint.ranges, activations, probe))


def _describe(source: _Source, exporter: Exporter, kind: ArtifactKind, content: bytes) -> Artifact:
    checkpoint, role = source.checkpoint, source.role
    cost = measure_cost(source.folded, to_input(golden_inputs(role)[:1]))
    given, wanted = exporter.tensors(content)
    return Artifact(
        file=f"{checkpoint.net}-{kind.precision}.{kind.format}",
        role=role,
        tier=checkpoint.net,
        format=kind.format,
        precision=kind.precision,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        input=given,
        output=wanted,
        accuracy=checkpoint.accuracy.get(kind),
        parameters=cost.parameters,
        macs=cost.macs,
        recipe=checkpoint.recipe,
        seed=checkpoint.seed,
        versions={**checkpoint.versions, **{package: version(package) for package in exporter.packages}},
        golden=Golden(logits=(), tolerance=0),
    )


def _check(folded: fx.GraphModule, net: Net, artifact: Artifact) -> None:
    """Compare an artifact in its runtime with its net in torch.

    Raises:
        ConversionError: they differ by more than the precision explains.
    """
    inputs = np.concatenate([golden_inputs(artifact.role), varied_inputs(artifact.role, 300)])
    with torch.no_grad():
        true = folded(to_input(inputs)).numpy()
    got = net.logits(inputs)
    if artifact.precision == "int8":
        agreement = float((got.argmax(axis=1) == true.argmax(axis=1)).mean())
        if agreement < MIN_AGREEMENT:
            raise ConversionError(
                f"{artifact.file} agrees with its net on {agreement:.1%} of its inputs only; measure its ranges again"
            )
        return
    allowed = FP32_TOLERANCE if artifact.precision == "fp32" else FP16_TOLERANCE * max(1.0, float(np.abs(true).max()))
    difference = float(np.abs(got - true).max())
    if not difference <= allowed:
        raise ConversionError(
            f"{artifact.file} differs from its net by {difference:.2g} in a logit, {allowed:.2g} is allowed; "
            "report this as a bug"
        )
