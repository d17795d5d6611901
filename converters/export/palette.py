"""ONNX files whose weights take few values say which of them in half a byte each.

The file holds the values and the packed numbers, and operations that put the weights together. onnxruntime carries
these out once, when it loads the file (constant folding), and then computes as ever.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

MOST_VALUES = 16
"""That half a byte tells apart."""
LEAST_WEIGHTS = 800
"""Of a layer: what puts the weights together takes some 300 bytes itself."""
HALF, LOW = "palette_half", "palette_low"
"""Constants that all layers share: by how many bits to shift, and which bits to keep."""


def pack_palettes(content: bytes) -> bytes:
    """An ONNX file in int8 that computes the same, with layers of at most `MOST_VALUES` values packed."""
    model = onnx.load_from_string(content)
    graph = model.graph
    weights = {node.input[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    packed = [one for one in graph.initializer if one.name in weights and _is_worth_it(numpy_helper.to_array(one))]
    if not packed:
        return content
    nodes = [node for one in packed for node in _put_together(graph, one.name, numpy_helper.to_array(one))]
    for one in packed:
        graph.initializer.remove(one)
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array(4, np.uint8), HALF),
            numpy_helper.from_array(np.array(15, np.uint8), LOW),
        ]
    )
    nodes += graph.node
    del graph.node[:]
    graph.node.extend(nodes)
    result: bytes = model.SerializeToString()
    return result


def _is_worth_it(weights: NDArray[np.generic]) -> bool:
    fits = weights.dtype == np.int8 and weights.size >= LEAST_WEIGHTS and weights.size % 2 == 0
    return fits and len(np.unique(weights)) <= MOST_VALUES


def _put_together(graph: onnx.GraphProto, name: str, weights: NDArray[np.int8]) -> Iterator[onnx.NodeProto]:
    """Nodes that give a layer's weights under their name; what they need becomes a part of the graph.

    The first half of the numbers lies in the upper halves of the bytes.
    """
    values, numbers = np.unique(weights, return_inverse=True)
    upper, lower = numbers.astype(np.uint8).reshape(2, -1)
    parts = {"packed": upper << 4 | lower, "values": values, "shape": np.array(weights.shape, np.int64)}
    graph.initializer.extend(numpy_helper.from_array(array, f"{name}_{part}") for part, array in parts.items())
    yield helper.make_node("BitShift", [f"{name}_packed", HALF], [f"{name}_upper"], direction="RIGHT")
    yield helper.make_node("BitwiseAnd", [f"{name}_packed", LOW], [f"{name}_lower"])
    yield helper.make_node("Concat", [f"{name}_upper", f"{name}_lower"], [f"{name}_bytes"], axis=0)
    yield helper.make_node("Cast", [f"{name}_bytes"], [f"{name}_numbers"], to=onnx.TensorProto.INT32)
    yield helper.make_node("Gather", [f"{name}_values", f"{name}_numbers"], [f"{name}_flat"])
    yield helper.make_node("Reshape", [f"{name}_flat", f"{name}_shape"], [name])
