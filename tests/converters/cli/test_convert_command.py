"""`digit-convert` as a user types it: what it prints, and how it ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from msgspec.structs import replace
from rich.console import Console

from converters.cli.convert import accuracy_of, table_of
from converters.export.golden import golden_glyphs
from profiles.manifest import FILE_NAME, Accuracy, Manifest, dump_manifest

if TYPE_CHECKING:
    from tests.converters.conftest import MakeOne, WriteMnist

EXECUTABLE = Path(sys.executable).with_name("digit-convert")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "DIGIT_DATA_DIR"} | {"COLUMNS": "100"}


def digit_convert(*argv: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(EXECUTABLE), *map(str, argv)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=cwd, env=ENVIRONMENT)


@pytest.fixture
def artifacts(made: MakeOne, tmp_path: Path) -> Path:
    """A folder with one artifact and its manifest."""
    one = made("onnx", "int8")
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / one.artifact.file).write_bytes(one.content)
    manifest = Manifest(target="pi4", golden_glyphs=golden_glyphs().tobytes(), artifacts=(one.artifact,))
    (tmp_path / "artifacts" / FILE_NAME).write_bytes(dump_manifest(manifest))
    return tmp_path / "artifacts"


@pytest.fixture
def data(tmp_path: Path, write_mnist: WriteMnist) -> Path:
    """Glyphs that the net knows, posing as MNIST; it takes one for no digit."""
    write_mnist(tmp_path / "mnist", "test", golden_glyphs()[[3, 0, 1, 11]], np.array([3, 0, 1, 1], np.uint8))
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
    boards = [Manifest(target=name, golden_glyphs=b"", artifacts=(certified,)) for name in ("pi4", "pi5")]
    Console(file=printed, width=100).print(table_of(boards))
    for text in ("base-int8.onnx", "99.51%", "all of them", "accuracy on MNIST test, 10,000 images"):
        assert text in printed.getvalue()
