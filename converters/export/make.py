"""Make one artifact of a checkpoint: export it, slim it, check it against its net, and describe it."""

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
from agent.runtimes.tensors import golden_rows
from agent.vision.classify import Net
from converters.checkpoint import Checkpoint, load, restore
from converters.data.evaluation_data import load_evaluation_data
from converters.evaluate import measure_accuracy
from converters.export import onnx, tflite
from converters.export.cost import measure_cost
from converters.export.golden import golden_inputs, golden_vectors, varied_inputs
from converters.export.ranges import Ranges, input_name, ranges_of_tensors
from converters.export.slim import slim_onnx, slim_tflite
from converters.nets import ROLES
from converters.nets.fold import fold
from converters.nets.tensors import to_input, to_logits
from profiles.errors import ConversionError
from profiles.manifest import Artifact, Format, Golden, Precision, Role, Tensor
from profiles.profile import ArtifactKind, RuntimeName

FP32_TOLERANCE = 1e-3
"""Largest allowed difference between a logit of an fp32 file and torch's logit."""
FP16_TOLERANCE = 2e-2
"""Largest allowed difference between a logit of an fp16 file and torch's, as a share of the largest logit."""
MIN_AGREEMENT = 0.95
"""Smallest share of inputs, or of steps of strips, for which an int8 file must give the same class as its net.

It is not higher because some inputs are letters, which are hard cases.
"""


@dataclass(frozen=True)
class Exporter:
    """Functions that write one file format, and the runtime that checks it."""

    to_fp32: Callable[[fx.GraphModule, torch.Tensor], bytes]
    to_fp16: Callable[[bytes], bytes]
    to_int8: Callable[[bytes, Ranges], bytes]
    activations: Callable[[bytes, NDArray[np.float32]], dict[str, NDArray[np.float32]]]
    tensors: Callable[[bytes], tuple[Tensor, Tensor]]
    slim: Callable[[bytes, str], bytes]
    runtime: RuntimeName
    packages: tuple[str, ...]
    """Packages whose versions are noted in the manifest."""


EXPORTERS: Mapping[Format, Exporter] = {
    "onnx": Exporter(
        onnx.to_fp32,
        onnx.to_fp16,
        onnx.to_int8,
        onnx.activations,
        onnx.tensors,
        slim_onnx,
        "onnxruntime",
        ("torch", "onnx", "onnxscript", "onnxconverter-common", "onnxruntime"),
    ),
    "tflite": Exporter(
        tflite.to_fp32,
        tflite.to_fp16,
        tflite.to_int8,
        tflite.activations,
        tflite.tensors,
        slim_tflite,
        "ai-edge-litert",
        ("torch", "litert-torch", "ai-edge-quantizer"),
    ),
}


@dataclass(frozen=True)
class ExportedArtifact:
    """A model file and its row in the manifest."""

    artifact: Artifact
    content: bytes


@dataclass(frozen=True, eq=False)
class _Source:
    """Net and fp32 file that all precisions of one format are made from."""

    checkpoint: Checkpoint
    role: Role
    folded: fx.GraphModule
    fp32: bytes


def make_artifact(checkpoint_file: Path, kind: ArtifactKind, data: Path | None) -> ExportedArtifact:
    """Make one artifact.

    Args:
        checkpoint_file: checkpoint of the net.
        kind: format and precision.
        data: folder with MNIST to measure the accuracy with; None copies the accuracy from the checkpoint.

    Raises:
        UsageError: the checkpoint does not exist.
        ArtifactError: the checkpoint is damaged.
        DatasetError: MNIST is missing or damaged.
        ConversionError: the export does not compute what its net computes.
    """
    exporter = EXPORTERS[kind.format]
    source = _source(checkpoint_file, kind.format)
    content = exporter.slim(_export(source, exporter, kind.precision), input_name(source.folded))
    artifact = _describe(source, exporter, kind, content)
    with tempfile.TemporaryDirectory(prefix="digit-convert-") as folder:
        Path(folder, artifact.file).write_bytes(content)
        net = load_net(Path(folder), artifact, exporter.runtime)
    _check(source.folded, net, artifact)
    data_set = _evaluation_data(source.role, data) if data else None
    accuracy = measure_accuracy(net, artifact, exporter.runtime, data_set) if data_set else artifact.accuracy
    logits = golden_rows(net.logits(golden_inputs(source.role)))
    vectors = golden_vectors(logits, kind.precision, artifact.output.scale)
    return ExportedArtifact(msgspec.structs.replace(artifact, golden=vectors, accuracy=accuracy), content)


@lru_cache(maxsize=2)
def _source(checkpoint_file: Path, format: Format) -> _Source:  # noqa: A002 (name of the manifest key)
    checkpoint = load(checkpoint_file)
    folded = fold(restore(checkpoint))
    role = ROLES[checkpoint.net]
    example = to_input(golden_inputs(role)[:1])
    return _Source(checkpoint, role, folded, EXPORTERS[format].to_fp32(folded, example))


_evaluation_data = lru_cache(maxsize=1)(load_evaluation_data)
"""Cached because rendering the scenes for a verifier takes seconds, and all files of a checkpoint use the same data."""


def _export(source: _Source, exporter: Exporter, precision: Precision) -> bytes:
    if precision == "fp32":
        return source.fp32
    if precision == "fp16":
        return exporter.to_fp16(source.fp32)
    probe = golden_inputs(source.role)[5:6]
    activations = exporter.activations(source.fp32, to_input(probe).numpy())
    return exporter.to_int8(source.fp32, ranges_of_tensors(source.folded, source.checkpoint.ranges, activations, probe))


def _describe(source: _Source, exporter: Exporter, kind: ArtifactKind, content: bytes) -> Artifact:
    checkpoint, role = source.checkpoint, source.role
    example = to_input(golden_inputs(role)[:1])
    cost = measure_cost(source.folded, example)
    input_tensor, output_tensor = exporter.tensors(content)
    return Artifact(
        file=f"{checkpoint.net}-{kind.precision}.{kind.format}",
        role=role,
        tier=checkpoint.net,
        format=kind.format,
        precision=kind.precision,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        input=_with_nominal_width(input_tensor, example),
        output=_with_nominal_width(output_tensor, source.folded(example)),
        accuracy=checkpoint.accuracy.get(kind),
        parameters=cost.parameters,
        macs=cost.macs,
        recipe=checkpoint.recipe,
        seed=checkpoint.seed,
        versions={**checkpoint.versions, **{package: version(package) for package in exporter.packages}},
        golden=Golden(logits=(), tolerance=0),
    )


def _with_nominal_width(tensor: Tensor, example: torch.Tensor) -> Tensor:
    """Return the tensor with its variable sizes, stored as 0, replaced by the sizes of an example, (1, ...)."""
    shape = tuple(size or own for size, own in zip(tensor.shape, example.shape[1:], strict=True))
    return msgspec.structs.replace(tensor, shape=shape)


def _check(folded: fx.GraphModule, net: Net, artifact: Artifact) -> None:
    """Compare the logits of an artifact in its runtime with the logits of its net in torch.

    Raises:
        ConversionError: the logits differ by more than the precision allows.
    """
    inputs = np.concatenate([golden_inputs(artifact.role), varied_inputs(artifact.role, 300)])
    with torch.no_grad():
        expected = to_logits(folded(to_input(inputs))).numpy()
    actual = net.logits(inputs)
    if artifact.precision == "int8":
        agreement = float((actual.argmax(axis=-1) == expected.argmax(axis=-1)).mean())
        if agreement < MIN_AGREEMENT:
            raise ConversionError(
                f"{artifact.file} agrees with its net on only {agreement:.1%} of the inputs",
                advice="train the net again: the ranges of activations in its checkpoint do not fit it",
            )
        return
    allowed = FP32_TOLERANCE if artifact.precision == "fp32" else FP16_TOLERANCE * max(1, float(np.abs(expected).max()))
    difference = float(np.abs(actual - expected).max())
    if not difference <= allowed:
        raise ConversionError(
            f"a logit of {artifact.file} differs from its net's by {difference:.2g}; at most {allowed:.2g} is allowed",
            advice="report this as a bug",
        )
