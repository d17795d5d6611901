"""Take out of a model file what no runtime needs: names, notes, and shapes that it infers anyway.

The result is a function of the model alone, so the same net gives the same bytes again.
"""

from __future__ import annotations

from itertools import chain

OUTPUT = "logits"
"""With the input the only tensor that has a name of its own."""


def strip_onnx(content: bytes, input_name: str) -> bytes:
    """An ONNX file with short tensor names and without node names, shapes in between, and notes."""
    import onnx
    from onnx import numpy_helper

    old = onnx.load_from_string(content)
    names = {name: name for name in ("", input_name, OUTPUT)}
    nodes = []
    for node in old.graph.node:
        for name in chain(node.input, node.output):
            names.setdefault(name, _short(len(names) - 3))
        short = onnx.helper.make_node(node.op_type, [names[n] for n in node.input], [names[n] for n in node.output])
        short.domain = node.domain
        short.attribute.extend(node.attribute)
        nodes.append(short)
    weights = [numpy_helper.from_array(numpy_helper.to_array(one), names[one.name]) for one in old.graph.initializer]
    graph = onnx.helper.make_graph(nodes, "g", old.graph.input, old.graph.output, weights)
    domains = {node.domain for node in nodes}
    opsets = [one for one in old.opset_import if one.domain in domains]
    new = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=onnx.helper.find_min_ir_version_for(opsets))
    onnx.checker.check_model(new)
    stripped: bytes = new.SerializeToString(deterministic=True)
    return stripped


def strip_tflite(content: bytes, input_name: str) -> bytes:
    """A TFLite file without names, but for the input's and the output's, signatures and metadata."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(content)
    flatbuffer_utils.strip_strings(model)
    model.metadata = None
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = input_name
    graph.tensors[graph.outputs[0]].name = OUTPUT
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _short(number: int) -> str:
    """Numbers from 0 on as a, b … z, ba, bb and so on."""
    digits = ""
    while True:
        number, rest = divmod(number, 26)
        digits = chr(ord("a") + rest) + digits
        if number == 0:
            return digits
