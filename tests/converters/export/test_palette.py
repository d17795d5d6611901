"""Weights with few distinct values are packed into half a byte each."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from converters.export.palette import MAX_VALUES, MIN_WEIGHTS, pack_palettes

SIZE = 40
INPUT = np.random.default_rng(0).normal(size=(1, SIZE)).astype(np.float32)


def file_with(weights: NDArray[np.int8]) -> bytes:
    """Return an ONNX file with one int8 layer."""
    parts = {"w": weights, "scale": np.array(0.5, np.float32)}
    graph = helper.make_graph(
        [
            helper.make_node("DequantizeLinear", ["w", "scale"], ["float"]),
            helper.make_node("MatMul", ["x", "float"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, SIZE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, SIZE])],
        [numpy_helper.from_array(array, name) for name, array in parts.items()],
    )
    content: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8
    ).SerializeToString()
    return content


def weights_with_values(count: int) -> NDArray[np.int8]:
    values = np.linspace(-127, 127, count).astype(np.int8)
    return np.asarray(values[np.arange(SIZE * SIZE) % count].reshape(SIZE, SIZE))


def compute(content: bytes) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    result: NDArray[np.float32] = session.run(None, {"x": INPUT})[0]
    return result


@pytest.mark.parametrize("count", [2, 3, 15, MAX_VALUES])
def test_a_packed_layer_computes_the_same_with_half_the_bytes(count: int) -> None:
    content = file_with(weights_with_values(count))
    packed = pack_palettes(content)
    assert len(packed) < len(content) - SIZE * SIZE / 2 + 500
    onnx.checker.check_model(onnx.load_from_string(packed))
    assert np.array_equal(compute(packed), compute(content))


@pytest.mark.parametrize(
    "weights",
    [weights_with_values(MAX_VALUES + 1), weights_with_values(3)[: MIN_WEIGHTS // SIZE - 1]],
    ids=["many", "few"],
)
def test_a_layer_that_would_not_get_smaller_is_not_packed(weights: NDArray[np.int8]) -> None:
    content = file_with(weights)
    assert pack_palettes(content) == content
