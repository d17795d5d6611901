"""Output and exit codes of the commands of `digit-convert`."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from msgspec.structs import replace
from rich.console import Console

from agent.paths import default_artifacts
from converters.checkpoint import SHIPPED
from converters.cli.convert import accuracy_cells, artifact_table
from converters.export.golden import golden_inputs
from converters.nets import ROLES
from profiles.manifest import FILE_NAME, Accuracy, Manifest, dump_manifest, load_manifest
from profiles.profile import ArtifactKind, load_profile

if TYPE_CHECKING:
    from tests.converters.conftest import MakeOne, WriteMnist

pytestmark = pytest.mark.slow

EXECUTABLE = Path(sys.executable).with_name("digit-convert")
MIN_ACCURACY = {"classifier": 0.993, "verifier": 0.9, "recogniser": 0.85}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "DIGIT_DATA_DIR"} | {"COLUMNS": "100"}


def digit_convert(*argv: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(EXECUTABLE), *map(str, argv)]
    return subprocess.run(command, capture_output=True, text=True, timeout=360, check=False, cwd=cwd, env=ENVIRONMENT)


def test_the_checkpoints_that_ship_are_converted_for_a_board(tmp_path: Path) -> None:
    """Convert offline, without MNIST. The name of the folder contains text that looks like Rich markup."""
    out = tmp_path / "out [" / "red]"
    done = digit_convert("--target", "pi4", "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"In {out}: pi4\n")
    made = {artifact.file: artifact for artifact in load_manifest(out / "pi4").artifacts}
    assert {path.name for path in (out / "pi4").iterdir()} == {*made, FILE_NAME}
    kinds = {(one.role, ArtifactKind(format=one.format, precision=one.precision)) for one in made.values()}
    roles = [ROLES[path.stem] for path in SHIPPED]
    assert kinds == {(role, kind) for role in roles for kind in load_profile("pi4").artifacts}
    shipped = {artifact.file: artifact for artifact in load_manifest(default_artifacts()).artifacts}
    for name, one in made.items():
        assert one.accuracy is not None
        assert one.accuracy.value >= MIN_ACCURACY[one.role]
        assert one.accuracy == shipped[name].accuracy, "the artifacts that ship are from another checkpoint"
        assert hashlib.sha256((out / "pi4" / name).read_bytes()).hexdigest() == one.sha256


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_conversion_leaves_no_files(number: signal.Signals, tmp_path: Path) -> None:
    out, temporary = tmp_path / "out", tmp_path / "tmp"
    temporary.mkdir()
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    program += "from converters.cli import main; main()"
    command = [sys.executable, "-c", program, "--target", "pi4", "--out", str(out)]
    environ = {**ENVIRONMENT, "TMPDIR": str(temporary)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ) as child:
        while not any(temporary.glob("digit-convert-*/*")):
            assert child.poll() is None
            time.sleep(0.01)
        child.send_signal(number)
        stdout, stderr = child.communicate(timeout=180)
    assert (child.returncode, stdout, stderr) == (128 + number, b"", b"")
    assert list(out.iterdir()) == list(temporary.iterdir()) == []


@pytest.fixture
def artifacts(made: MakeOne, tmp_path: Path) -> Path:
    """Write a folder with one artifact and its manifest."""
    one = made("onnx", "int8")
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / one.artifact.file).write_bytes(one.content)
    manifest = Manifest(
        target="pi4", golden_inputs={"classifier": golden_inputs("classifier").tobytes()}, artifacts=(one.artifact,)
    )
    (tmp_path / "artifacts" / FILE_NAME).write_bytes(dump_manifest(manifest))
    return tmp_path / "artifacts"


@pytest.fixture
def data(tmp_path: Path, write_mnist: WriteMnist) -> Path:
    """Write MNIST test files with glyphs that the net knows; the net rejects one of them."""
    write_mnist(
        tmp_path / "mnist", "test", golden_inputs("classifier")[[3, 0, 1, 11]], np.array([3, 0, 1, 1], np.uint8)
    )
    return tmp_path / "mnist"


@pytest.mark.parametrize("argv", [(), ("--help",)])
def test_help_shows_an_example_and_all_commands(argv: tuple[str, ...]) -> None:
    done = digit_convert(*argv)
    assert done.returncode == 0
    assert "digit-convert --target jetson" in done.stdout
    for command in ("evaluate", "targets", "data"):
        assert command in done.stdout


def test_targets_lists_boards_and_families() -> None:
    done = digit_convert("targets")
    assert done.returncode == 0
    for name in ("pi5", "jetson-orin-nano", "generic-x86", "jetson", "all", "onnx: int8", "Cortex-A76"):
        assert name in done.stdout


def test_evaluate_prints_tables(artifacts: Path, data: Path) -> None:
    done = digit_convert("evaluate", artifacts / "base-int8.onnx", "--data", data)
    assert done.returncode == 0
    for text in ("base-int8.onnx", "onnxruntime", "75.00%", "precision", "recall", "F1", "rejected"):
        assert text in done.stdout


def test_a_folder_without_artifacts_is_an_error(artifacts: Path, data: Path) -> None:
    (artifacts / FILE_NAME).write_bytes(dump_manifest(Manifest(target="pi4", golden_inputs={}, artifacts=())))
    done = digit_convert("evaluate", artifacts, "--data", data)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"digit-convert: {artifacts} holds no file for any runtime; ")


def test_evaluate_prints_json(artifacts: Path, data: Path) -> None:
    done = digit_convert("evaluate", artifacts, "--data", data, "--json")
    assert done.returncode == 0
    (row,) = json.loads(done.stdout)["artifacts"]
    assert (row["file"], row["runtime"], row["images"], row["accuracy"]) == ("base-int8.onnx", "onnxruntime", 4, 0.75)
    assert row["confusion"][1] == [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert row["digits"][3] == {"digit": 3, "images": 1, "precision": 1.0, "recall": 1.0, "f1": 1.0}


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (("--target", "pi6"), 2, "there is no target 'pi6'; did you mean pi?"),
        (("--target", "pi5", "--checkpoint", "gone.pt"), 2, "there is no checkpoint gone.pt"),
        (("--target", "pi5", "targets"), 2, "--target cannot be used with the command 'targets'"),
        (("--target", "pi5", "--out", "/dev/null"), 1, "/dev/null cannot be written"),
        (("evaluate", "gone"), 2, "there is no gone; name a model file"),
        (("evaluate", "."), 1, "no manifest.json in ."),
        (("data", "fetch", "--data", "/dev/null/mnist"), 1, "/dev/null/mnist cannot be written"),
    ],
)
def test_an_error_is_one_line(tmp_path: Path, argv: tuple[str, ...], code: int, message: str) -> None:
    done = digit_convert(*argv, cwd=tmp_path)
    assert done.returncode == code
    assert done.stderr.startswith(f"digit-convert: {message}")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_training_without_torch_names_the_package_to_install() -> None:
    # A module that is None in sys.modules cannot be imported, as if it were not installed.
    script = "import sys; sys.modules['torch'] = None; from converters.cli import main; main()"
    command = [sys.executable, "-c", script, "train", "--recipe", "nano"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=ENVIRONMENT)
    (message,) = done.stderr.splitlines()
    assert message.startswith("digit-convert: ")
    assert message.endswith("; pip install 'digit-agent[convert]'")
    assert done.returncode == 1


def test_the_table_shows_what_measured_the_accuracy(made: MakeOne) -> None:
    artifact = made("onnx", "int8").artifact
    assert accuracy_cells(artifact) == ("–", "not measured; use --data")
    measured = Accuracy(
        value=0.9951, images=10_000, data="MNIST test", runtime="onnxruntime 1.31.1", sha256=artifact.sha256
    )
    measured_artifact = replace(artifact, accuracy=measured)
    assert accuracy_cells(measured_artifact) == ("99.51%", "onnxruntime 1.31.1")
    assert accuracy_cells(replace(measured_artifact, sha256="00"))[1].endswith("(another export of these weights)")

    printed = io.StringIO()
    boards = [Manifest(target=name, golden_inputs={}, artifacts=(measured_artifact,)) for name in ("pi4", "pi5")]
    Console(file=printed, width=100).print(artifact_table(boards))
    for text in ("base-int8.onnx", "99.51%", "all of them", "accuracy on MNIST test, 10,000 images"):
        assert text in printed.getvalue()
