"""Take out of a model file what no runtime needs: names, notes, defaults, shapes that it infers, and repetitions.

The result is a function of the model alone, so the same net gives the same bytes again.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

OUTPUT = "logits"
"""With the input the only tensor that has a name of its own."""
NEUTRAL = {"dilations": 1, "strides": 1, "pads": 0}
"""Attributes of ONNX that do nothing when all their numbers are this; the schema tells single numbers' defaults."""


def strip_onnx(content: bytes, input_name: str) -> bytes:
    """An ONNX file with short tensor names, each constant once, and nothing that is said without saying it."""
    import onnx
    from onnx import numpy_helper

    old = onnx.load_from_string(content)
    arrays = {one.name: numpy_helper.to_array(one) for one in old.graph.initializer}
    names = {name: name for name in ("", input_name, OUTPUT)}
    constants: dict[tuple[object, ...], str] = {}
    # onnxruntime computes a Gemm in integers only if its weights' zero point is there, though it be 0.
    gemms = {node.input[1] for node in old.graph.node if node.op_type == "Gemm"}
    for node in old.graph.node:
        if node.op_type == "DequantizeLinear" and node.output[0] not in gemms and not arrays[node.input[2]].any():
            del node.input[2]  # a zero point of 0 is what its absence means
        for name in chain(node.input, node.output):
            short = names.get(name, _short(len(names)))
            if name in arrays:
                array = arrays[name]
                short = constants.setdefault((array.dtype.str, array.shape, array.tobytes()), short)
            names[name] = short
    nodes = [_lean(node, names, old.opset_import[0].version) for node in old.graph.node]
    kept = {names[name]: array for name, array in arrays.items() if name in names}
    weights = [numpy_helper.from_array(array, short) for short, array in kept.items()]
    graph = onnx.helper.make_graph(nodes, "g", old.graph.input, old.graph.output, weights)
    domains = {node.domain for node in nodes}
    opsets = [one for one in old.opset_import if one.domain in domains]
    new = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=onnx.helper.find_min_ir_version_for(opsets))
    onnx.checker.check_model(new)
    stripped: bytes = new.SerializeToString(deterministic=True)
    return stripped


def _lean(node: onnx.NodeProto, names: dict[str, str], opset: int) -> onnx.NodeProto:
    """The same node under its tensors' new names, without attributes that say what holds anyway."""
    import onnx

    short = onnx.helper.make_node(node.op_type, [names[n] for n in node.input], [names[n] for n in node.output])
    short.domain = node.domain
    known = onnx.defs.get_schema(node.op_type, opset, node.domain).attributes
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        usual = known[attribute.name].default_value
        if usual.type and value == onnx.helper.get_attribute_value(usual):
            continue
        if attribute.name in NEUTRAL and all(number == NEUTRAL[attribute.name] for number in value):
            continue
        if (node.op_type, attribute.name) == ("Conv", "kernel_shape"):
            continue  # its weights have that shape
        short.attribute.append(attribute)
    return short


def strip_tflite(content: bytes, input_name: str) -> bytes:
    """A TFLite file without names (but for the input's and the output's), signatures and metadata; numbers once."""
    from ai_edge_litert.tools import flatbuffer_utils

    from converters.export import flatbuffer_dedup

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    flatbuffer_utils.strip_strings(model)
    model.metadata = None
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = input_name
    graph.tensors[graph.outputs[0]].name = OUTPUT
    for code in model.operatorCodes:
        # Runtimes take the larger of two fields, and the older one holds what is below 127.
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        code.deprecatedBuiltinCode, code.builtinCode = (number, 0) if number < 127 else (127, number)
    return flatbuffer_dedup.write(model)


def _short(number: int) -> str:
    """Numbers from 0 on as a, b … z, ba, bb and so on."""
    digits = ""
    while True:
        number, rest = divmod(number, 26)
        digits = chr(ord("a") + rest) + digits
        if number == 0:
            return digits
