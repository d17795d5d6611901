"""What many of the agent's tests need.

Small models whose logits numpy knows: a linear layer, in both formats and precisions, with its manifest. For strips it
is a convolution. And a note that somebody wrote, whose digits are known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from agent.capture.source import TrueDigit
from agent.drawing.handwriting import draw_digit, random_handwriting
from agent.drawing.paper import subtract_ink
from agent.runtimes.tensors import golden_rows
from agent.vision.box import Box
from agent.vision.line_text import LINE_CLASSES
from profiles.manifest import Accuracy, Artifact, Golden, Manifest, Role, Tensor, dump_manifest

RNG = np.random.default_rng(7)
WEIGHTS_INT8 = RNG.integers(-127, 128, (784, 11)).astype(np.int8)
WEIGHT_SCALE = 0.0005
GLYPHS = RNG.integers(0, 256, (12, 28, 28), dtype=np.uint8)
CONTEXTS = RNG.integers(0, 256, (12, 3, 32, 48), dtype=np.uint8)
VERIFIER_WEIGHTS_INT8 = RNG.integers(-127, 128, (3 * 32 * 48, 11)).astype(np.int8)
STRIPS = RNG.integers(0, 256, (3, 2, 32, 128), dtype=np.uint8)
RECOGNISER_WEIGHTS_INT8 = RNG.integers(-127, 128, (LINE_CLASSES, 2, 32, 2)).astype(np.int8)
INPUTS: dict[Role, NDArray[np.uint8]] = {"classifier": GLYPHS, "verifier": CONTEXTS, "recogniser": STRIPS}
PIXELS = Tensor(name="glyphs", dtype="int8", shape=(), scale=1 / 255, zero_point=-128)
SHAPES: dict[tuple[Role, str], tuple[int, ...]] = {
    ("classifier", "onnx"): (1, 28, 28),
    ("classifier", "tflite"): (28, 28, 1),
    ("verifier", "onnx"): (3, 32, 48),
    ("verifier", "tflite"): (3, 32, 48),
    ("recogniser", "onnx"): (2, 32, 128),
    ("recogniser", "tflite"): (2, 32, 128),
}
STEPS_SHAPES = {"onnx": (LINE_CLASSES, 1, 64), "tflite": (1, 64, LINE_CLASSES)}
"""Shapes of the output of a recogniser."""
LOGITS = Tensor(name="logits", dtype="int8", shape=(11,), scale=0.05, zero_point=3)


def reference(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the logits that these models compute of glyphs, contexts or strips."""
    if images.shape[1:3] == STRIPS.shape[1:3]:
        columns = (images / np.float32(255)).reshape(*images.shape[:3], images.shape[3] // 2, 2)
        strip_weights = RECOGNISER_WEIGHTS_INT8 * np.float32(WEIGHT_SCALE)
        return np.asarray(np.einsum("niyxk,ciyk->nxc", columns, strip_weights), np.float32)
    weights = WEIGHTS_INT8 if images.ndim == 3 else VERIFIER_WEIGHTS_INT8
    pixels = images.reshape(-1, len(weights)).astype(np.float32)
    return (pixels / 255) @ (weights * np.float32(WEIGHT_SCALE))


@dataclass(frozen=True)
class Linear:
    """The models, and what they compute."""

    files: Mapping[str, bytes]
    glyphs: NDArray[np.uint8]
    reference: Callable[[NDArray[np.uint8]], NDArray[np.float32]]

    def artifact(self, name: str, **changes: Any) -> Artifact:
        """The row of the manifest for one of the files, with changes."""
        content = self.files[name]
        roles: tuple[Role, ...] = get_args(Role)
        role = next((one for one in roles if name.startswith(one)), roles[0])
        form = name.rpartition(".")[2]
        outputs = STEPS_SHAPES[form] if role == "recogniser" else LOGITS.shape
        inputs = self.glyphs if role == "classifier" else INPUTS[role]
        quantized = "int8" in name
        row: dict[str, Any] = {
            "file": name,
            "role": role,
            "tier": "linear",
            "format": form,
            "precision": "int8" if quantized else "fp32",
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "input": _tensor(PIXELS, SHAPES[role, form], quantized),
            "output": _tensor(LOGITS, outputs, quantized),
            "accuracy": Accuracy(value=0.995, images=12, data="noise", runtime="numpy", sha256="0" * 64),
            "parameters": 784 * 11,
            "macs": 784 * 11,
            "recipe": "test",
            "seed": 7,
            "versions": {},
            "golden": Golden(
                logits=tuple(tuple(row) for row in golden_rows(self.reference(inputs)).tolist()),
                tolerance=LOGITS.scale if quantized else 1e-3,
            ),
        }
        return Artifact(**{**row, **changes})

    def write(self, folder: Path, *artifacts: Artifact) -> tuple[Artifact, ...]:
        """Write the files and the manifest of artifacts, of all files where none is given."""
        rows = artifacts or tuple(map(self.artifact, self.files))
        folder.mkdir(parents=True, exist_ok=True)
        for row in rows:
            (folder / row.file).write_bytes(self.files[row.file])
        inputs = {**INPUTS, "classifier": self.glyphs}
        golden: dict[Role, bytes] = {role: inputs[role].tobytes() for role in get_args(Role)}
        manifest = Manifest(target="test", golden_inputs=golden, artifacts=rows)
        (folder / "manifest.json").write_bytes(dump_manifest(manifest))
        return rows


@pytest.fixture(scope="session")
def linear() -> Linear:
    """Models of one linear layer: in each format and precision, one that is slow, one that takes a single glyph.

    Those whose name begins with "verifier" take contexts, those that begin with "recogniser" take strips.
    """
    files = {
        "linear.onnx": _onnx(quantized=False),
        "slow.onnx": _onnx(quantized=False, detours=30),
        "single.onnx": _onnx(quantized=False, batch=1),
        "linear-int8.onnx": _onnx(quantized=True),
        "linear.tflite": _tflite(quantized=False),
        "linear-int8.tflite": _tflite(quantized=True),
        "verifier-int8.onnx": _onnx(quantized=True, role="verifier"),
        "verifier.tflite": _tflite(quantized=False, role="verifier"),
        "recogniser.onnx": _onnx_recogniser(quantized=False),
        "recogniser-int8.onnx": _onnx_recogniser(quantized=True),
        "recogniser.tflite": _tflite_recogniser(),
    }
    return Linear(files, GLYPHS, reference)


@dataclass(frozen=True, eq=False)
class Note:
    """Handwriting on paper."""

    image: NDArray[np.uint8]
    """BGR, uint8 (H, W, 3)."""
    lines: tuple[str, ...]
    digits: tuple[TrueDigit, ...]
    """In reading order."""


@pytest.fixture(scope="session")
def note() -> Note:
    """Two lines of two numbers each, large and clear."""
    rng = np.random.default_rng(1)
    handwriting, lines, digits = random_handwriting(rng), ("561 247", "90 83"), list[TrueDigit]()
    image = np.full((240, 640, 3), 225, np.uint8)
    for line, y in zip(lines, (40, 130), strict=True):
        x = 40
        for sign in line:
            if sign != " ":
                ink = draw_digit(rng, int(sign), 60, handwriting)
                box = Box(x, y, ink.shape[1], ink.shape[0])
                subtract_ink(image, ink, x, y)
                digits.append(TrueDigit(int(sign), box))
            x += 90 if sign == " " else box.w + 10
    return Note(image, lines, tuple(digits))


def _tensor(tensor: Tensor, shape: tuple[int, ...], quantized: bool) -> Tensor:
    if quantized:
        return Tensor(name=tensor.name, dtype="int8", shape=shape, scale=tensor.scale, zero_point=tensor.zero_point)
    return Tensor(name=tensor.name, dtype="float32", shape=shape)


def _onnx(*, quantized: bool, detours: int = 0, batch: int | str = "n", role: Role = "classifier") -> bytes:
    """Flatten and multiply, between DequantizeLinear and QuantizeLinear where it is quantized.

    A detour multiplies by the identity matrix, which takes time and changes nothing.
    """
    kind = TensorProto.INT8 if quantized else TensorProto.FLOAT
    nodes = [
        helper.make_node("Flatten", ["real" if quantized else "glyphs"], ["flat"]),
        *(helper.make_node("MatMul", [f"flat{i or ''}", "eye"], [f"flat{i + 1}"]) for i in range(detours)),
        helper.make_node("MatMul", [f"flat{detours or ''}", "weights"], ["result" if quantized else "logits"]),
    ]
    weights = (WEIGHTS_INT8 if role == "classifier" else VERIFIER_WEIGHTS_INT8) * np.float32(WEIGHT_SCALE)
    constants = [numpy_helper.from_array(weights, "weights")]
    if detours:
        constants.append(numpy_helper.from_array(np.eye(784, dtype=np.float32), "eye"))
    if quantized:
        _quantize_edges(nodes, constants)
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("glyphs", kind, [batch, *SHAPES[role, "onnx"]])],
        [helper.make_tensor_value_info("logits", kind, [batch, 11])],
        constants,
    )
    return _onnx_file(graph)


def _quantize_edges(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> None:
    """Make the edges of a graph int8: from "glyphs" to "real", and from "result" to "logits"."""
    nodes.insert(0, helper.make_node("DequantizeLinear", ["glyphs", "in_scale", "in_zero"], ["real"]))
    nodes.append(helper.make_node("QuantizeLinear", ["result", "out_scale", "out_zero"], ["logits"]))
    for prefix, tensor in (("in", PIXELS), ("out", LOGITS)):
        constants.append(numpy_helper.from_array(np.array(tensor.scale, np.float32), f"{prefix}_scale"))
        constants.append(numpy_helper.from_array(np.array(tensor.zero_point, np.int8), f"{prefix}_zero"))


def _onnx_recogniser(*, quantized: bool) -> bytes:
    """Make an ONNX file with one convolution, for strips of any width."""
    kind = TensorProto.INT8 if quantized else TensorProto.FLOAT
    edges = ["real", "result"] if quantized else ["glyphs", "logits"]
    nodes = [helper.make_node("Conv", [edges[0], "weights"], [edges[1]], strides=[32, 2])]
    weights = RECOGNISER_WEIGHTS_INT8 * np.float32(WEIGHT_SCALE)
    constants = [numpy_helper.from_array(weights, "weights")]
    if quantized:
        _quantize_edges(nodes, constants)
    graph = helper.make_graph(
        nodes,
        "convolution",
        [helper.make_tensor_value_info("glyphs", kind, ["n", 2, 32, "w"])],
        [helper.make_tensor_value_info("logits", kind, ["n", LINE_CLASSES, 1, "steps"])],
        constants,
    )
    return _onnx_file(graph)


def _onnx_file(graph: onnx.GraphProto) -> bytes:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _tflite_recogniser() -> bytes:
    """Make a TFLite file with one convolution of strips, after a transposition to channels last."""
    weights = RECOGNISER_WEIGHTS_INT8.transpose(0, 2, 3, 1) * np.float32(WEIGHT_SCALE)
    order = np.array([0, 2, 3, 1], np.int32)
    buffers = [schema.BufferT() for _ in range(4)]
    buffers[1].data = np.frombuffer(weights.tobytes(), np.uint8)
    buffers[2].data = np.zeros(4 * LINE_CLASSES, np.uint8)
    buffers[3].data = np.frombuffer(order.tobytes(), np.uint8)
    channels, height, width = SHAPES["recogniser", "tflite"]
    graph = schema.SubGraphT()
    graph.tensors = []
    for name, shape, buffer in (
        (PIXELS.name, (1, *SHAPES["recogniser", "tflite"]), 0),
        ("weights", weights.shape, 1),
        ("bias", (LINE_CLASSES,), 2),
        (LOGITS.name, (1, *STEPS_SHAPES["tflite"]), 0),
        ("order", order.shape, 3),
        ("channels-last", (1, height, width, channels), 0),
    ):
        item = schema.TensorT()
        item.name, item.shape, item.buffer = name, list(shape), buffer
        item.type = schema.TensorType.INT32 if name == "order" else schema.TensorType.FLOAT32
        graph.tensors.append(item)
    transposition, layer = schema.OperatorT(), schema.OperatorT()
    transposition.opcodeIndex, transposition.inputs, transposition.outputs = 1, [0, 4], [5]
    layer.opcodeIndex, layer.inputs, layer.outputs = 0, [5, 1, 2], [3]
    layer.builtinOptionsType, layer.builtinOptions = schema.BuiltinOptions.Conv2DOptions, schema.Conv2DOptionsT()
    layer.builtinOptions.padding = schema.Padding.VALID
    layer.builtinOptions.strideH, layer.builtinOptions.strideW = 32, 2
    graph.operators, graph.inputs, graph.outputs = [transposition, layer], [0], [3]
    return _tflite_file(graph, buffers, (schema.BuiltinOperator.CONV_2D, 1), (schema.BuiltinOperator.TRANSPOSE, 1))


def _tflite(*, quantized: bool, role: Role = "classifier") -> bytes:
    """One fully connected layer, which flattens its input by itself, as a flatbuffer."""
    stored = WEIGHTS_INT8 if role == "classifier" else VERIFIER_WEIGHTS_INT8
    weights: NDArray[Any] = (stored if quantized else stored * np.float32(WEIGHT_SCALE)).T.copy()
    buffers = [schema.BufferT(), schema.BufferT()]
    buffers[1].data = np.frombuffer(weights.tobytes(), np.uint8)
    kind = schema.TensorType.INT8 if quantized else schema.TensorType.FLOAT32
    weight_quantization = Tensor(name="weights", dtype="int8", shape=weights.shape, scale=WEIGHT_SCALE)
    graph = schema.SubGraphT()
    graph.tensors = []
    for tensor, shape, buffer in (
        (PIXELS, (1, *SHAPES[role, "tflite"]), 0),
        (weight_quantization, weights.shape, 1),
        (LOGITS, (1, 11), 0),
    ):
        item = schema.TensorT()
        item.name, item.shape, item.buffer, item.type = tensor.name, list(shape), buffer, kind
        if quantized:
            item.quantization = schema.QuantizationParametersT()
            item.quantization.scale, item.quantization.zeroPoint = [tensor.scale], [tensor.zero_point]
        graph.tensors.append(item)
    layer = schema.OperatorT()
    layer.opcodeIndex, layer.inputs, layer.outputs = 0, [0, 1, -1], [2]
    layer.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    layer.builtinOptions = schema.FullyConnectedOptionsT()
    graph.operators, graph.inputs, graph.outputs = [layer], [0], [2]
    return _tflite_file(graph, buffers, (schema.BuiltinOperator.FULLY_CONNECTED, 4))


def _tflite_file(graph: schema.SubGraphT, buffers: list[schema.BufferT], *operators: tuple[int, int]) -> bytes:
    """Pack a graph whose operators are given as builtin operators with their versions."""
    codes = [schema.OperatorCodeT() for _ in operators]
    for code, (builtin, version) in zip(codes, operators, strict=True):
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.version = version
    model = schema.ModelT()
    model.version, model.subgraphs, model.operatorCodes, model.buffers = 3, [graph], codes, buffers
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
