from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from ai_edge_litert.schema_py_generated import BuiltinOperator, ModelT, TensorType
from ai_edge_litert.tools.flatbuffer_utils import read_model_from_bytearray

from profiles.manifest import Precision

if TYPE_CHECKING:
    from tests.converters.conftest import MakeOne

pytestmark = pytest.mark.slow


def model_of(made: MakeOne, precision: Precision) -> ModelT:
    return read_model_from_bytearray(made("tflite", precision).content)


def test_all_tensors_between_operators_are_int8(made: MakeOne) -> None:
    model = model_of(made, "int8")
    (graph,) = model.subgraphs
    constant = {index for index, one in enumerate(graph.tensors) if model.buffers[one.buffer].data is not None}
    kinds = {index: tensor.type for index, tensor in enumerate(graph.tensors) if index not in constant}
    assert set(kinds.values()) == {TensorType.INT8}
    assert {graph.inputs[0], graph.outputs[0]} < set(kinds)
    codes = {model.operatorCodes[operator.opcodeIndex].builtinCode for operator in graph.operators}
    assert not codes & {BuiltinOperator.QUANTIZE, BuiltinOperator.DEQUANTIZE}


@pytest.mark.parametrize("precision", get_args(Precision))
def test_unneeded_parts_are_removed(made: MakeOne, precision: Precision) -> None:
    model = model_of(made, precision)
    (graph,) = model.subgraphs
    assert [model.description, model.metadata, model.signatureDefs, graph.name] == [None] * 4
    assert sorted(tensor.name for tensor in graph.tensors if tensor.name) == [b"glyphs", b"logits"]


def test_fp16_files_have_fp16_weights_and_float32_input_and_output(made: MakeOne) -> None:
    (graph,) = model_of(made, "fp16").subgraphs
    kinds = [tensor.type for tensor in graph.tensors]
    assert kinds.count(TensorType.FLOAT16) == 7
    assert [graph.tensors[index].type for index in (*graph.inputs, *graph.outputs)] == [TensorType.FLOAT32] * 2
