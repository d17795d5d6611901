from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from agent.runtimes.net import runtime_version
from agent.runtimes.probe import memory_for_test, probe
from profiles.profile import load_profile

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

pytestmark = pytest.mark.slow

BROKEN_RUNTIMES = {
    "import os, signal; os.kill(os.getpid(), signal.SIGILL)": "illegal instruction (SIGILL)",
    "import ctypes; ctypes.string_at(0)": "died of a crash (SIGSEGV)",
    "import time; time.sleep(60)": "no answer within 2 s",
    "raise ImportError('libstdc++.so.6: version not found')": "cannot be imported (libstdc++.so.6: version not found)",
    "raise AttributeError('_ARRAY_API not found')": "cannot load",
}


def test_artifact_that_runs_is_ok(linear: Linear, tmp_path: Path) -> None:
    artifacts = linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("linear-int8.onnx"))
    probes = probe(tmp_path, artifacts, "onnxruntime")
    assert [(p.artifact, p.ok, p.reason) for p in probes] == [(artifact, True, "") for artifact in artifacts]
    assert all(p.seconds > 0 and p.version == runtime_version("onnxruntime") for p in probes)


def test_each_role_is_tested_with_its_own_inputs(linear: Linear, tmp_path: Path) -> None:
    artifacts = linear.write(tmp_path, linear.artifact("linear-int8.onnx"), linear.artifact("verifier-int8.onnx"))
    assert [p.reason for p in probe(tmp_path, artifacts, "onnxruntime")] == ["", ""]


def test_bad_artifact_does_not_affect_the_others(linear: Linear, tmp_path: Path) -> None:
    golden = linear.artifact("linear.onnx").golden
    wrong = msgspec.structs.replace(golden, logits=(golden.logits[1], *golden.logits[1:]))
    fewer = msgspec.structs.replace(golden, logits=tuple(row[:10] for row in golden.logits))
    artifacts = linear.write(
        tmp_path,
        linear.artifact("linear.onnx", golden=wrong),
        linear.artifact("linear-int8.onnx"),
        linear.artifact("slow.onnx", golden=fewer),
    )
    reasons = [p.reason for p in probe(tmp_path, artifacts, "onnxruntime")]
    assert "computes other logits here than at its export" in reasons[0]
    assert reasons[1] == ""
    assert "differ by inf" in reasons[2]


def test_artifact_without_golden_vectors_fails(linear: Linear, tmp_path: Path) -> None:
    without_golden = type(linear)(linear.files, linear.glyphs[:0], linear.reference)
    (only,) = probe(tmp_path, without_golden.write(tmp_path, without_golden.artifact("linear.onnx")), "onnxruntime")
    assert (only.reason, only.advice) == ("linear.onnx has no golden vectors", "convert it again")


def test_a_net_that_needs_more_memory_than_a_test_may_take_is_refused(linear: Linear, tmp_path: Path) -> None:
    """The net adds the sum of a tensor of 6 GB zeros to its logits, so it computes the right ones if it gets them."""
    model = onnx.load_from_string(linear.files["linear.onnx"])
    model.graph.initializer.append(numpy_helper.from_array(np.array([1_500_000_000]), "size"))
    model.graph.node[-1].output[0] = "small"
    model.graph.node.extend(
        [
            helper.make_node("ConstantOfShape", ["size"], ["zeros"]),
            helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
            helper.make_node("Add", ["small", "sum"], ["logits"]),
        ]
    )
    greedy = type(linear)({**linear.files, "greedy.onnx": model.SerializeToString()}, linear.glyphs, linear.reference)
    artifacts = greedy.write(tmp_path, greedy.artifact("greedy.onnx"), greedy.artifact("linear.onnx"))
    limit = memory_for_test(load_profile("pi-zero-2w"))
    first, second = probe(tmp_path, artifacts, "onnxruntime", memory_bytes=limit)
    assert not first.ok
    assert first.reason.endswith("at most 512 MB of memory were allowed")
    assert second.ok


@pytest.mark.parametrize(
    ("board", "limit_mb"), [("pi-zero-2w", 512), ("pi4", 512), ("jetson-nano", 1024), ("jetson-agx-orin", 1024)]
)
def test_a_test_may_take_a_share_of_the_boards_memory(board: str, limit_mb: int) -> None:
    assert memory_for_test(load_profile(board)) == limit_mb << 20


def test_flipped_bit_is_detected(linear: Linear, tmp_path: Path) -> None:
    artifacts = linear.write(tmp_path, linear.artifact("linear.tflite"), linear.artifact("linear-int8.tflite"))
    content = bytearray(linear.files["linear.tflite"])
    content[-100] ^= 4
    (tmp_path / "linear.tflite").write_bytes(content)
    first, second = probe(tmp_path, artifacts, "ai-edge-litert")
    assert not first.ok
    assert "is not the file that its manifest describes" in first.reason
    assert second.ok


def test_missing_runtime_comes_with_the_command_that_installs_it(linear: Linear, tmp_path: Path) -> None:
    if runtime_version("tflite-runtime") is not None:
        pytest.skip("tflite-runtime is installed")
    (only,) = probe(tmp_path, linear.write(tmp_path, linear.artifact("linear.tflite")), "tflite-runtime")
    assert (only.ok, only.reason) == (False, "tflite-runtime is not installed")
    assert only.advice == "pip install 'digit-agent[tflite]'"


@pytest.mark.parametrize(("runtime", "reason"), BROKEN_RUNTIMES.items())
def test_failing_import_of_a_runtime_is_described(linear: Linear, tmp_path: Path, runtime: str, reason: str) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/onnxruntime.py").write_text(runtime)
    program = f"import sys; sys.path.insert(0, {str(tmp_path / 'broken')!r}); from agent.runtimes.probe import main"
    (only,) = probe(
        tmp_path,
        linear.write(tmp_path, linear.artifact("linear.onnx")),
        "onnxruntime",
        timeout_s=2 if "sleep" in runtime else 180,
        command=(sys.executable, "-c", f"{program}; sys.exit(main())"),
    )
    assert not only.ok
    assert reason in only.reason
    assert "\n" not in only.reason


def test_slow_probe_reports_progress(linear: Linear, tmp_path: Path) -> None:
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow/onnxruntime.py").write_text("import time; time.sleep(60)")
    program = f"import sys; sys.path.insert(0, {str(tmp_path / 'slow')!r}); from agent.runtimes.probe import main"
    messages: list[str] = []
    (only,) = probe(
        tmp_path,
        linear.write(tmp_path, linear.artifact("linear.onnx")),
        "onnxruntime",
        "TensorrtExecutionProvider",
        timeout_s=12,
        progress=messages.append,
        command=(sys.executable, "-c", f"{program}; sys.exit(main())"),
    )
    assert only.reason == "no answer within 12 s"
    assert messages[-1].startswith("trying linear.onnx, 1 of 1: ")
    assert messages[-1].endswith(" s so far; the first time TensorRT builds an engine for this board and saves it")
