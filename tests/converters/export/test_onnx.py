from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import onnx
import onnxruntime
import pytest

from profiles.manifest import Precision

if TYPE_CHECKING:
    from tests.converters.conftest import MakeOne

pytestmark = pytest.mark.slow

CONVERSIONS = ("QuantizeLinear", "DequantizeLinear")


def test_all_tensors_between_nodes_are_int8(made: MakeOne) -> None:
    graph = onnx.load_from_string(made("onnx", "int8").content).graph
    kinds = [value.type.tensor_type.elem_type for value in (*graph.input, *graph.output)]
    assert kinds == [onnx.TensorProto.INT8] * 2
    producers = {output: node.op_type for node in graph.node for output in node.output}
    weights = {weight.name for weight in graph.initializer}
    for node in graph.node:
        if node.op_type not in CONVERSIONS:
            # All float inputs of a node come from a DequantizeLinear; all its outputs go to a QuantizeLinear.
            assert {producers.get(name) for name in node.input if name not in weights} == {"DequantizeLinear"}, node
            users = [user.op_type for user in graph.node for name in user.input if name in node.output]
            assert users == ["QuantizeLinear"], node


def test_onnxruntime_computes_only_in_integers(made: MakeOne, tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.log_severity_level = 3
    # The default on Arm. On x86 onnxruntime converts to uint8, which is ten times faster there.
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    onnxruntime.InferenceSession(made("onnx", "int8").content, options, providers=["CPUExecutionProvider"])
    operations = [node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node]
    assert operations == ["QLinearConv"] * 6 + ["Reshape", "QGemm"]


@pytest.mark.parametrize("precision", get_args(Precision))
def test_unneeded_parts_are_removed(made: MakeOne, precision: Precision) -> None:
    model = onnx.load_from_string(made("onnx", precision).content)
    metadata = (model.producer_name, model.producer_version, model.doc_string, list(model.metadata_props))
    assert metadata == ("", "", "", [])
    assert not model.graph.value_info
    assert not any(node.name or node.doc_string or node.metadata_props for node in model.graph.node)
    names = {name for node in model.graph.node for name in (*node.input, *node.output)} - {"glyphs", "logits"}
    assert max(len(name) for name in names) <= 2
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 18)]
    assert model.ir_version <= 9
