"""Export a net from torch to ONNX: fp32 with any batch size, fp16, and int8 from the input to the logits.

A recogniser's files take strips of any width. int8 uses the QDQ format, signed, with weights quantized per channel. The
ranges are known, so no calibration data is needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import fx

from converters.export.palette import pack_palettes
from converters.export.ranges import Ranges, input_name
from converters.export.slim import OUTPUT
from converters.extra import without_warnings
from profiles.errors import ConversionError
from profiles.manifest import Tensor

# Without this, onnxruntime sends usage data to its maker; see `agent.runtimes.backends.onnx`.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
OPSET = 18
"""The oldest opset that torch's exporter writes without conversion; an old opset works with old runtimes."""


@without_warnings()
def to_fp32(folded: fx.GraphModule, example: torch.Tensor) -> bytes:
    """Export a net to an ONNX file in fp32, with any batch size; a net with logits of steps also takes any width.

    Args:
        folded: net with batch normalisation folded, see `fold`.
        example: example of its input, float32 (1, C, H, W).
    """
    axes = (
        {0: torch.export.Dim("n"), 3: torch.export.Dim("w")}
        if folded(example).ndim == 4
        else {0: torch.export.Dim("n")}
    )
    program = torch.onnx.export(
        folded,
        (torch.cat([example, example]),),
        input_names=[input_name(folded)],
        output_names=[OUTPUT],
        opset_version=OPSET,
        dynamic_shapes=(axes,),
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise ConversionError("torch's ONNX exporter returned no model", advice="report this as a bug")
    content: bytes = program.model_proto.SerializeToString()
    return content


@without_warnings()
def to_fp16(fp32: bytes) -> bytes:
    """Convert the weights and the arithmetic of an fp32 file to fp16; input and output stay float32."""
    from onnxconverter_common import float16

    half = float16.convert_float_to_float16(onnx.load_from_string(fp32), keep_io_types=True)
    content: bytes = half.SerializeToString()
    return content


def to_int8(fp32: bytes, ranges: Ranges) -> bytes:
    """Quantize an fp32 file to int8.

    Args:
        fp32: content of a file from `to_fp32`.
        ranges: smallest and largest value of each of its activations.
    """
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
    from onnxruntime.quantization.registry import QDQRegistry

    bounds = {name: (np.array(low, np.float32), np.array(high, np.float32)) for name, (low, high) in ranges.items()}
    # Not quantize_static(): it needs calibration data to measure these ranges.
    quantizer = QDQQuantizer(
        onnx.shape_inference.infer_shapes(onnx.load_from_string(fp32)),
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, bounds),
        nodes_to_quantize=[],
        nodes_to_exclude=[],
        op_types_to_quantize=sorted(QDQRegistry),
        extra_options={},
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    model = quantizer.model.model
    _make_edges_int8(model.graph)
    return pack_palettes(model.SerializeToString())


def activations(fp32: bytes, probe: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return the value of each activation, by name, for one input, float32 (1, C, H, W), and the input itself."""
    import onnxruntime

    model = onnx.load_from_string(fp32)
    names = [output for node in model.graph.node for output in node.output]
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    name = model.graph.input[0].name
    values = session.run(names, {name: probe})
    floats = {name: value for name, value in zip(names, values, strict=True) if value.dtype == np.float32}
    return {name: probe, **floats}


def tensors(content: bytes) -> tuple[Tensor, Tensor]:
    """Return the input and the output of a file, as the manifest describes them; a width that may vary is 0."""
    graph = onnx.load_from_string(content).graph
    producer = next((node for node in graph.node if OUTPUT in node.output), None)
    consumer = next((node for node in graph.node if graph.input[0].name in node.input), None)
    return _tensor(graph, graph.input[0], consumer), _tensor(graph, graph.output[0], producer)


def _tensor(graph: onnx.GraphProto, value: onnx.ValueInfoProto, neighbour: onnx.NodeProto | None) -> Tensor:
    shape = tuple(axis.dim_value for axis in value.type.tensor_type.shape.dim)[1:]
    if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
        return Tensor(name=value.name, dtype="float32", shape=shape)
    if neighbour is None or neighbour.op_type not in ("QuantizeLinear", "DequantizeLinear"):
        raise ConversionError(f"the ONNX tensor {value.name!r} has no scale", advice="report this as a bug")
    scale, zero_point = (_initializer(graph, name) for name in neighbour.input[1:3])
    return Tensor(name=value.name, dtype="int8", shape=shape, scale=float(scale), zero_point=int(zero_point))


def _initializer(graph: onnx.GraphProto, name: str) -> NDArray[np.generic]:
    value: NDArray[np.generic] = numpy_helper.to_array(next(one for one in graph.initializer if one.name == name))
    return value


def _make_edges_int8(graph: onnx.GraphProto) -> None:
    """Remove the first QuantizeLinear and the last DequantizeLinear, so that input and output are int8."""
    given = graph.input[0].name
    first = next(node for node in graph.node if node.op_type == "QuantizeLinear" and node.input[0] == given)
    last = next(node for node in graph.node if node.op_type == "DequantizeLinear" and node.output[0] == OUTPUT)
    _rename(graph.node, {first.output[0]: given, last.input[0]: OUTPUT})
    graph.node.remove(first)
    graph.node.remove(last)
    for value in (graph.input[0], graph.output[0]):
        value.type.tensor_type.elem_type = onnx.TensorProto.INT8


def _rename(nodes: Iterable[onnx.NodeProto], names: dict[str, str]) -> None:
    for node in nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
