from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from agent.runtimes.net import runtime_version
from agent.runtimes.probe import probe

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
