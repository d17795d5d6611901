from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from agent.runtimes.net import load_net, runtime_version
from agent.runtimes.session import MAX_BATCH
from profiles.errors import ArtifactError, RuntimeUnusableError
from profiles.manifest import INPUT_SHAPES
from profiles.profile import RuntimeName

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

PAIRS: list[tuple[str, RuntimeName]] = [
    ("linear.onnx", "onnxruntime"),
    ("linear-int8.onnx", "onnxruntime"),
    ("linear.tflite", "ai-edge-litert"),
    ("linear-int8.tflite", "ai-edge-litert"),
    ("linear.tflite", "tflite-runtime"),
    ("linear-int8.tflite", "tflite-runtime"),
    ("verifier-int8.onnx", "onnxruntime"),
    ("verifier.tflite", "ai-edge-litert"),
    ("verifier.tflite", "tflite-runtime"),
    ("recogniser.onnx", "onnxruntime"),
    ("recogniser-int8.onnx", "onnxruntime"),
    ("recogniser.tflite", "ai-edge-litert"),
    ("recogniser.tflite", "tflite-runtime"),
]


def skip_if_missing(runtime: RuntimeName) -> None:
    if runtime_version(runtime) is None:
        pytest.skip(f"{runtime} is not installed")


@pytest.mark.parametrize(("name", "runtime"), PAIRS)
def test_every_runtime_computes_what_numpy_computes(
    linear: Linear, tmp_path: Path, name: str, runtime: RuntimeName
) -> None:
    skip_if_missing(runtime)
    (artifact,) = linear.write(tmp_path, linear.artifact(name))
    net = load_net(tmp_path, artifact, runtime)
    images = np.random.default_rng(1).integers(0, 256, (12, *INPUT_SHAPES[artifact.role]), dtype=np.uint8)
    logits = net.logits(images)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, linear.reference(images), atol=artifact.golden.tolerance)
    assert (net.artifact, net.runtime, net.threads) == (artifact, runtime, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "runtime"), PAIRS)
def test_batches_can_have_any_size_in_any_order(
    linear: Linear, tmp_path: Path, name: str, runtime: RuntimeName
) -> None:
    skip_if_missing(runtime)
    (artifact,) = linear.write(tmp_path, linear.artifact(name))
    net = load_net(tmp_path, artifact, runtime, threads=2)
    shape = (2 * MAX_BATCH + 1, *INPUT_SHAPES[artifact.role])
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for count in (3, 0, 1, len(images), 16, 1):
        logits = net.logits(images[:count])
        assert logits.shape == (count, *linear.reference(images[:1]).shape[1:])
        np.testing.assert_allclose(logits, linear.reference(images[:count]), atol=artifact.golden.tolerance)


@pytest.mark.parametrize(("name", "runtime"), [pair for pair in PAIRS if pair[0].startswith("recogniser")])
def test_strips_can_have_any_width_in_any_order(
    linear: Linear, tmp_path: Path, name: str, runtime: RuntimeName
) -> None:
    skip_if_missing(runtime)
    (artifact,) = linear.write(tmp_path, linear.artifact(name))
    net = load_net(tmp_path, artifact, runtime)
    rng = np.random.default_rng(0)
    for count, width in ((2, 128), (3, 96), (0, 96), (1, 512), (2, 64), (2, 128)):
        strips = rng.integers(0, 256, (count, 2, 32, width), dtype=np.uint8)
        logits = net.logits(strips)
        assert logits.shape == (count, width // 2, 23)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(logits, linear.reference(strips), atol=artifact.golden.tolerance)


def test_file_with_one_flipped_bit_is_refused(linear: Linear, tmp_path: Path) -> None:
    (artifact,) = linear.write(tmp_path, linear.artifact("linear.onnx"))
    content = bytearray(linear.files["linear.onnx"])
    content[len(content) // 2] ^= 1
    (tmp_path / "linear.onnx").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"linear\.onnx is not the file that its manifest describes"):
        load_net(tmp_path, artifact, "onnxruntime")


@pytest.mark.parametrize(
    ("name", "runtime_and_provider", "message"),
    [
        ("linear.tflite", ("onnxruntime", ""), r"onnxruntime runs onnx files, not linear\.tflite"),
        ("linear.onnx", ("onnxruntime", "CUDAExecutionProvider"), "has no CUDAExecutionProvider"),
        ("garbage.onnx", ("onnxruntime", ""), r"onnxruntime cannot load .*garbage\.onnx"),
        ("garbage.tflite", ("ai-edge-litert", ""), r"ai-edge-litert cannot load .*garbage\.tflite"),
    ],
)
def test_error_of_an_unusable_runtime_is_one_line(
    linear: Linear, tmp_path: Path, name: str, runtime_and_provider: tuple[RuntimeName, str], message: str
) -> None:
    onnx, tflite = linear.files["linear.onnx"], linear.files["linear.tflite"]
    unknown = {"garbage.onnx": onnx.replace(b"Flatten", b"Shorten"), "garbage.tflite": tflite.replace(b"TFL3", b"?FL3")}
    files = {**linear.files, **unknown}
    artifacts = type(linear)(files, linear.glyphs, linear.reference)
    (artifact,) = artifacts.write(tmp_path, artifacts.artifact(name))
    with pytest.raises(RuntimeUnusableError, match=message) as caught:
        load_net(tmp_path, artifact, runtime_and_provider[0], provider=runtime_and_provider[1])
    assert "\n" not in str(caught.value)


def test_error_of_a_missing_runtime_says_how_to_install_it(linear: Linear, tmp_path: Path) -> None:
    if runtime_version("tflite-runtime") is not None:
        pytest.skip("tflite-runtime is installed")
    (artifact,) = linear.write(tmp_path, linear.artifact("linear.tflite"))
    with pytest.raises(RuntimeUnusableError, match=r"pip install 'digit-agent\[tflite\]'"):
        load_net(tmp_path, artifact, "tflite-runtime")


@pytest.mark.slow
def test_runtimes_print_nothing(linear: Linear, tmp_path: Path) -> None:
    linear.write(tmp_path)
    program = f"""
import sys
from pathlib import Path
import numpy as np
from agent.runtimes.net import load_net
from profiles.manifest import INPUT_SHAPES, load_manifest
folder = Path({str(tmp_path)!r})
for artifact in load_manifest(folder).artifacts:
    runtime = "onnxruntime" if artifact.format == "onnx" else "ai-edge-litert"
    load_net(folder, artifact, runtime).logits(np.zeros((1, *INPUT_SHAPES[artifact.role]), np.uint8))
print("after", file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "after\n")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "runtime"), [("linear.onnx", "onnxruntime"), ("linear.tflite", "ai-edge-litert")])
def test_runtime_starts_no_telemetry(linear: Linear, tmp_path: Path, name: str, runtime: RuntimeName) -> None:
    """The runtime starts no thread, which could send telemetry, and writes no file into the user's home."""
    skip_if_missing(runtime)
    linear.write(tmp_path / "artifacts", linear.artifact(name))
    program = f"""
import os
from pathlib import Path
from agent.runtimes.net import load_net
from profiles.manifest import load_manifest
folder = Path({str(tmp_path / "artifacts")!r})
net = load_net(folder, load_manifest(folder).artifacts[0], {runtime!r})
print(len(os.listdir("/proc/self/task")))
"""
    home = tmp_path / "home"
    home.mkdir()
    # onnxruntime sends no telemetry in its own tests and with CI set, so the environment is not passed on.
    environ = {"HOME": str(home), "PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert list(home.iterdir()) == []
