"""Pack ONNX weights with few distinct values: each weight becomes an index of half a byte into a palette of values.

The file holds the palette, the packed indices, and nodes that unpack the weights. onnxruntime runs these nodes once,
when it loads the file (constant folding), so inference takes as long as without packing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

MAX_VALUES = 16
"""Largest number of distinct values: an index has half a byte."""
MIN_WEIGHTS = 800
"""Smallest number of weights of a layer that is packed: the unpacking nodes take about 300 bytes themselves."""
SHIFT, MASK = "palette_half", "palette_low"
"""Names of two constants that all layers share: the number of bits to shift by, and the mask of the lower bits."""


def pack_palettes(content: bytes) -> bytes:
    """Pack all layers of an int8 ONNX file that have at most `MAX_VALUES` distinct weights; returns the new content."""
    model = onnx.load_from_string(content)
    graph = model.graph
    weights = {node.input[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    packed = [one for one in graph.initializer if one.name in weights and _is_packable(numpy_helper.to_array(one))]
    if not packed:
        return content
    nodes = [node for one in packed for node in _add_unpacking(graph, one.name, numpy_helper.to_array(one))]
    for one in packed:
        graph.initializer.remove(one)
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array(4, np.uint8), SHIFT),
            numpy_helper.from_array(np.array(15, np.uint8), MASK),
        ]
    )
    nodes += graph.node
    del graph.node[:]
    graph.node.extend(nodes)
    result: bytes = model.SerializeToString()
    return result


def _is_packable(weights: NDArray[np.generic]) -> bool:
    fits = weights.dtype == np.int8 and weights.size >= MIN_WEIGHTS and weights.size % 2 == 0
    return fits and len(np.unique(weights)) <= MAX_VALUES


def _add_unpacking(graph: onnx.GraphProto, name: str, weights: NDArray[np.int8]) -> Iterator[onnx.NodeProto]:
    """Add the packed weights of a layer to the graph, and yield the nodes that unpack them.

    The upper half of each byte holds an index from the first half of the weights, the lower half one from the second.
    """
    values, indices = np.unique(weights, return_inverse=True)
    upper, lower = indices.astype(np.uint8).reshape(2, -1)
    parts = {"packed": upper << 4 | lower, "values": values, "shape": np.array(weights.shape, np.int64)}
    graph.initializer.extend(numpy_helper.from_array(array, f"{name}_{part}") for part, array in parts.items())
    yield helper.make_node("BitShift", [f"{name}_packed", SHIFT], [f"{name}_upper"], direction="RIGHT")
    yield helper.make_node("BitwiseAnd", [f"{name}_packed", MASK], [f"{name}_lower"])
    yield helper.make_node("Concat", [f"{name}_upper", f"{name}_lower"], [f"{name}_bytes"], axis=0)
    yield helper.make_node("Cast", [f"{name}_bytes"], [f"{name}_numbers"], to=onnx.TensorProto.INT32)
    yield helper.make_node("Gather", [f"{name}_values", f"{name}_numbers"], [f"{name}_flat"])
    yield helper.make_node("Reshape", [f"{name}_flat", f"{name}_shape"], [name])
