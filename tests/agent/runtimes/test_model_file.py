from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper

from agent.paths import shipped_artifacts
from agent.runtimes.model_file import require_complete
from agent.runtimes.net import load_net
from profiles.errors import ArtifactError
from profiles.manifest import Format, load_manifest, read_artifact

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

FILE = "needs another file with its weights"
OPERATORS = "has operators that are not its format's own"


def make_external(tensor: TensorProto, location: str = "secret.bin", *, marked: bool = True) -> None:
    """Move the data of a tensor into another file, as `onnx.external_data_helper` does."""
    size = len(tensor.raw_data)
    tensor.ClearField("raw_data")
    if marked:
        tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(size))):
        tensor.external_data.add(key=key, value=value)


def external_weights(model: onnx.ModelProto) -> None:
    make_external(model.graph.initializer[0])


def external_but_unmarked(model: onnx.ModelProto) -> None:
    make_external(model.graph.initializer[0], marked=False)


def memory_of_the_process(model: onnx.ModelProto) -> None:
    make_external(model.graph.initializer[0], "*/_ORT_MEM_ADDR_/*")


def external_constant(model: onnx.ModelProto) -> None:
    weights = model.graph.initializer.pop()
    make_external(weights)
    model.graph.node.insert(0, helper.make_node("Constant", [], [weights.name], value=weights))


def external_in_a_branch(model: onnx.ModelProto) -> None:
    weights = model.graph.initializer.pop()
    make_external(weights)
    inner = helper.make_graph([helper.make_node("Constant", [], [weights.name], value=weights)], "inner", [], [])
    outer = helper.make_graph([helper.make_node("If", ["yes"], ["w"], then_branch=inner)], "outer", [], [])
    model.graph.node.insert(0, helper.make_node("If", ["yes"], ["w"], then_branch=outer))


def external_sparse(model: onnx.ModelProto) -> None:
    weights = model.graph.initializer.pop()
    make_external(weights)
    model.graph.sparse_initializer.add().values.CopyFrom(weights)


def external_in_training(model: onnx.ModelProto) -> None:
    weights = model.graph.initializer.pop()
    make_external(weights)
    model.training_info.add().initialization.initializer.add().CopyFrom(weights)


def custom_operator(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "evil"
    model.opset_import.append(helper.make_opsetid("evil", 1))


def custom_operator_without_its_version(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "evil"


def own_function(model: onnx.ModelProto) -> None:
    node = helper.make_node("Relu", ["a"], ["b"])
    function = helper.make_function("evil", "F", ["a"], ["b"], [node], [helper.make_opsetid("evil", 1)])
    model.functions.append(function)


def context_of_a_provider(model: onnx.ModelProto) -> None:
    """onnxruntime's TensorRT provider reads an engine from the file that such a node names."""
    model.graph.node[0].domain, model.graph.node[0].op_type = "com.microsoft", "EPContext"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        *(
            (change, FILE)
            for change in (
                external_weights,
                external_but_unmarked,
                memory_of_the_process,
                external_constant,
                external_in_a_branch,
                external_sparse,
                external_in_training,
            )
        ),
        (custom_operator, OPERATORS),
        (custom_operator_without_its_version, OPERATORS),
        (own_function, OPERATORS),
        (context_of_a_provider, OPERATORS),
    ],
)
def test_an_onnx_file_is_refused_if_it_needs_anything_else(
    linear: Linear, change: Callable[[onnx.ModelProto], None], problem: str
) -> None:
    model = onnx.load_from_string(linear.files["linear.onnx"])
    change(model)
    with pytest.raises(ArtifactError, match=rf"evil\.onnx {problem}; convert it again"):
        require_complete(model.SerializeToString(), "onnx", "evil.onnx")


def tflite(linear: Linear, change: Callable[[schema.ModelT], None]) -> bytes:
    model = schema.ModelT.InitFromPackedBuf(linear.files["linear.tflite"], 0)
    change(model)
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def custom_code(model: schema.ModelT) -> None:
    model.operatorCodes[0].builtinCode = schema.BuiltinOperator.CUSTOM
    model.operatorCodes[0].customCode = "FlexEvil"


def old_custom_code(model: schema.ModelT) -> None:
    model.operatorCodes[0].builtinCode = 0
    model.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM


def external_buffer(model: schema.ModelT) -> None:
    group = schema.ExternalBufferGroupT()
    group.name = "/etc/passwd"
    model.externalBufferGroups = [group]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (custom_code, OPERATORS),
        (old_custom_code, OPERATORS),
        (external_buffer, FILE),
    ],
)
def test_a_tflite_file_is_refused_if_it_needs_anything_else(
    linear: Linear, change: Callable[[schema.ModelT], None], problem: str
) -> None:
    if change is external_buffer and not hasattr(schema, "ExternalBufferGroupT"):
        pytest.skip("this version of LiteRT has no such buffers")
    with pytest.raises(ArtifactError, match=rf"evil\.tflite {problem}; convert it again"):
        require_complete(tflite(linear, change), "tflite", "evil.tflite")


def test_each_shipped_file_and_each_model_of_the_tests_is_complete(linear: Linear) -> None:
    folder = shipped_artifacts()
    for artifact in load_manifest(folder).artifacts:
        require_complete(read_artifact(folder, artifact), artifact.format, artifact.file)
    for name, content in linear.files.items():
        require_complete(content, "onnx" if name.endswith("onnx") else "tflite", name)


def test_what_is_no_model_is_refused() -> None:
    for form in FORMATS:
        with pytest.raises(ArtifactError, match="garbage is damaged, and no model; convert it again"):
            require_complete(b"no model at all", form, "garbage")


FORMATS: tuple[Format, ...] = ("onnx", "tflite")


@pytest.mark.parametrize("form", FORMATS)
def test_a_damaged_file_is_checked_quickly_and_raises_nothing_else(linear: Linear, form: Format) -> None:
    intact, chance = linear.files[f"linear-int8.{form}"], random.Random(5)
    files = [b"", os.urandom(5000), b"\x3a\x80\x80\x80\x80\x08" * 9, b"\x0a\x00" * 10**6, b"\xff" * 64]
    nested = b""
    for _ in range(500):
        nested = b"\x0a" + _varint(len(nested)) + nested
    files.append(nested)
    for _ in range(300):
        changed = bytearray(intact)
        for _ in range(3):
            changed[chance.randrange(min(300, len(changed)))] = chance.randrange(256)
        files.append(bytes(changed[: chance.randrange(len(changed))] if chance.random() < 0.3 else changed))
    for content in files:
        started_s = time.monotonic()
        with suppress(ArtifactError):
            require_complete(content, form, "x")
        assert time.monotonic() - started_s < 30


def _varint(number: int) -> bytes:
    out = b""
    while number >= 0x80:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def test_a_file_of_onnxruntimes_own_format_is_not_loaded(linear: Linear, tmp_path: Path) -> None:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "linear.ort")
    options.add_session_config_entry("session.save_model_format", "ORT")
    onnxruntime.InferenceSession(linear.files["linear.onnx"], options, providers=["CPUExecutionProvider"])
    content = (tmp_path / "linear.ort").read_bytes()
    assert onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).get_inputs()
    session = onnxruntime.SessionOptions()
    session.add_session_config_entry("session.load_model_format", "ONNX")
    with pytest.raises(Exception, match=r"(?i)protobuf|invalid"):
        onnxruntime.InferenceSession(content, session, providers=["CPUExecutionProvider"])


def test_external_weights_are_refused_before_a_runtime_sees_them(linear: Linear, tmp_path: Path) -> None:
    """The file is where onnxruntime would look for it: in the working folder."""
    model = onnx.load_from_string(linear.files["linear.onnx"])
    (tmp_path / "secret.bin").write_bytes(np.ones((784, 11), np.float32).tobytes())
    external_weights(model)
    evil = type(linear)({"linear.onnx": model.SerializeToString()}, linear.glyphs, linear.reference)
    artifact = evil.artifact("linear.onnx")
    evil.write(tmp_path, artifact)
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        with pytest.raises(ArtifactError, match=FILE):
            load_net(tmp_path, artifact, "onnxruntime")
    finally:
        os.chdir(before)
