"""`digit-convert` as a user types it: what it prints, and how it ends."""

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
from converters.cli.convert import accuracy_of, table_of
from converters.export.golden import golden_inputs
from converters.nets import ROLES
from profiles.manifest import FILE_NAME, Accuracy, Manifest, dump_manifest, load_manifest
from profiles.profile import ArtifactKind, load_profile

if TYPE_CHECKING:
    from tests.converters.conftest import MakeOne, WriteMnist

EXECUTABLE = Path(sys.executable).with_name("digit-convert")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "DIGIT_DATA_DIR"} | {"COLUMNS": "100"}


def digit_convert(*argv: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(EXECUTABLE), *map(str, argv)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=cwd, env=ENVIRONMENT)


def test_the_checkpoints_that_ship_become_a_boards_folder(tmp_path: Path) -> None:
    """Offline, without MNIST; a folder's name may hold what Rich would take for markup."""
    out = tmp_path / "out [" / "red]"
    done = digit_convert("--target", "pi4", "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"In {out}: pi4\n")
    made = {artifact.file: artifact for artifact in load_manifest(out / "pi4").artifacts}
    assert {path.name for path in (out / "pi4").iterdir()} == {*made, FILE_NAME}
    carried = {(one.role, ArtifactKind(format=one.format, precision=one.precision)) for one in made.values()}
    roles = [ROLES[path.stem] for path in SHIPPED]
    assert carried == {(role, kind) for role in roles for kind in load_profile("pi4").artifacts}
    shipped = {artifact.file: artifact for artifact in load_manifest(default_artifacts()).artifacts}
    for name, one in made.items():
        assert one.accuracy is not None
        assert one.accuracy.value >= (0.993 if one.role == "classifier" else 0.9)
        assert one.accuracy == shipped[name].accuracy, "what ships was made of another checkpoint"
        assert hashlib.sha256((out / "pi4" / name).read_bytes()).hexdigest() == one.sha256


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_conversion_that_is_stopped_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
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
        told, complaints = child.communicate(timeout=60)
    assert (child.returncode, told, complaints) == (128 + number, b"", b"")
    assert list(out.iterdir()) == list(temporary.iterdir()) == []


@pytest.fixture
def artifacts(made: MakeOne, tmp_path: Path) -> Path:
    """A folder with one artifact and its manifest."""
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
    """Glyphs that the net knows, posing as MNIST; it takes one for no digit."""
    write_mnist(
        tmp_path / "mnist", "test", golden_inputs("classifier")[[3, 0, 1, 11]], np.array([3, 0, 1, 1], np.uint8)
    )
    return tmp_path / "mnist"


@pytest.mark.parametrize("argv", [(), ("--help",)])
def test_help_teaches(argv: tuple[str, ...]) -> None:
    start = time.monotonic()
    done = digit_convert(*argv)
    assert done.returncode == 0
    assert "digit-convert --target jetson" in done.stdout
    for command in ("evaluate", "targets", "data"):
        assert command in done.stdout
    assert time.monotonic() - start < 3


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


def test_nothing_to_judge_is_no_success(artifacts: Path, data: Path) -> None:
    (artifacts / FILE_NAME).write_bytes(dump_manifest(Manifest(target="pi4", golden_inputs={}, artifacts=())))
    done = digit_convert("evaluate", artifacts, "--data", data)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"digit-convert: {artifacts} holds no file for any runtime; ")


def test_evaluate_speaks_json(artifacts: Path, data: Path) -> None:
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
        (("--target", "pi5", "--checkpoint", "gone.pt"), 2, "no checkpoint gone.pt"),
        (("--target", "pi5", "targets"), 2, "--target converts, and 'targets' does not"),
        (("--target", "pi5", "--out", "/dev/null"), 1, "/dev/null cannot be written"),
        (("evaluate", "gone"), 2, "there is no gone; name a model file"),
        (("evaluate", "."), 1, "no manifest.json in ."),
        (("data", "fetch", "--data", "/dev/null/mnist"), 1, "/dev/null/mnist cannot be written"),
    ],
)
def test_what_goes_wrong_is_one_line(tmp_path: Path, argv: tuple[str, ...], code: int, message: str) -> None:
    done = digit_convert(*argv, cwd=tmp_path)
    assert done.returncode == code
    assert done.stderr.startswith(f"digit-convert: {message}")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_training_without_torch_says_what_to_install() -> None:
    # A name that is None in sys.modules cannot be imported, as if it were not installed.
    script = "import sys; sys.modules['torch'] = None; from converters.cli import main; main()"
    command = [sys.executable, "-c", script, "train", "--recipe", "nano"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=ENVIRONMENT)
    (complaint,) = done.stderr.splitlines()
    assert complaint.startswith("digit-convert: ")
    assert complaint.endswith("; pip install 'digit-agent[convert]'")
    assert done.returncode == 1


def test_the_table_says_who_measured_what(made: MakeOne) -> None:
    artifact = made("onnx", "int8").artifact
    assert accuracy_of(artifact) == ("–", "nothing; give --data")
    measured = Accuracy(
        value=0.9951, images=10_000, data="MNIST test", runtime="onnxruntime 1.31.1", sha256=artifact.sha256
    )
    certified = replace(artifact, accuracy=measured)
    assert accuracy_of(certified) == ("99.51%", "onnxruntime 1.31.1")
    assert accuracy_of(replace(certified, sha256="00"))[1].endswith("(another export of these weights)")

    printed = io.StringIO()
    boards = [Manifest(target=name, golden_inputs={}, artifacts=(certified,)) for name in ("pi4", "pi5")]
    Console(file=printed, width=100).print(table_of(boards))
    for text in ("base-int8.onnx", "99.51%", "all of them", "accuracy on MNIST test, 10,000 images"):
        assert text in printed.getvalue()
