"""Remove from a model file what no runtime needs: names, metadata, default values, inferred shapes and duplicates.

The result depends only on the model, so the same net always gives the same bytes.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

OUTPUT = "logits"
"""Name of the model's output. Only the input and the output keep a name. All other tensors get short names in ONNX
files and no names in TFLite files."""
NEUTRAL = {"dilations": 1, "strides": 1, "pads": 0}
"""Attributes of ONNX that have no effect when all their numbers have this value.

The ONNX schema does not list these defaults, because their length depends on the number of axes.
"""


def slim_onnx(content: bytes, input_name: str) -> bytes:
    """Return an ONNX file with short tensor names, without duplicate constants, default values and metadata."""
    import onnx
    from onnx import numpy_helper

    old = onnx.load_from_string(content)
    arrays = {one.name: numpy_helper.to_array(one) for one in old.graph.initializer}
    names = {name: name for name in ("", input_name, OUTPUT)}
    constants: dict[tuple[object, ...], str] = {}
    # onnxruntime computes a Gemm in integers only if the zero point of its weights is stored, even if it is 0.
    gemms = {node.input[1] for node in old.graph.node if node.op_type == "Gemm"}
    for node in old.graph.node:
        if node.op_type == "DequantizeLinear" and node.output[0] not in gemms and not arrays[node.input[2]].any():
            del node.input[2]  # a missing zero point means 0
        for name in chain(node.input, node.output):
            new_name = names.get(name, _short_name(len(names)))
            if name in arrays:
                array = arrays[name]
                new_name = constants.setdefault((array.dtype.str, array.shape, array.tobytes()), new_name)
            names[name] = new_name
    nodes = [_without_defaults(node, names, old.opset_import[0].version) for node in old.graph.node]
    kept = {names[name]: array for name, array in arrays.items() if name in names}
    weights = [numpy_helper.from_array(array, short) for short, array in kept.items()]
    graph = onnx.helper.make_graph(nodes, "g", old.graph.input, old.graph.output, weights)
    domains = {node.domain for node in nodes}
    opsets = [one for one in old.opset_import if one.domain in domains]
    new = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=onnx.helper.find_min_ir_version_for(opsets))
    onnx.checker.check_model(new)
    slimmed: bytes = new.SerializeToString(deterministic=True)
    return slimmed


def _without_defaults(node: onnx.NodeProto, names: dict[str, str], opset: int) -> onnx.NodeProto:
    """Return the node with the new tensor names, without attributes that have their default values."""
    import onnx

    slimmed = onnx.helper.make_node(node.op_type, [names[n] for n in node.input], [names[n] for n in node.output])
    slimmed.domain = node.domain
    known = onnx.defs.get_schema(node.op_type, opset, node.domain).attributes
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        default = known[attribute.name].default_value
        if default.type and value == onnx.helper.get_attribute_value(default):
            continue
        if attribute.name in NEUTRAL and all(number == NEUTRAL[attribute.name] for number in value):
            continue
        if (node.op_type, attribute.name) == ("Conv", "kernel_shape"):
            continue  # the shape of the weights gives it
        slimmed.attribute.append(attribute)
    return slimmed


def slim_tflite(content: bytes, input_name: str) -> bytes:
    """Return a TFLite file with only the names of its input and output, no metadata, and no duplicate vectors."""
    from ai_edge_litert.tools import flatbuffer_utils

    from converters.export import flatbuffer_dedup

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    flatbuffer_utils.strip_strings(model)
    model.metadata = None
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = input_name
    graph.tensors[graph.outputs[0]].name = OUTPUT
    for code in model.operatorCodes:
        # Runtimes use the larger of the two fields; the older field holds codes below 127.
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        code.deprecatedBuiltinCode, code.builtinCode = (number, 0) if number < 127 else (127, number)
    return flatbuffer_dedup.write_model(model)


def _short_name(number: int) -> str:
    """Return a number in base 26: a, b … z, ba, bb and so on."""
    digits = ""
    while True:
        number, rest = divmod(number, 26)
        digits = chr(ord("a") + rest) + digits
        if number == 0:
            return digits
