"""Emulated boards in a temporary folder, and the output of the agent's commands on each.

Everything here takes minutes: `make test-board`. The commands run in parallel, one for each processor of the desktop.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import pytest

from agent.capture.demo import DemoSource
from agent.capture.source import Frame
from agent.capture.uri import DemoSpec
from agent.paths import default_artifacts
from profiles.manifest import FILE_NAME, Artifact, dump_manifest, load_manifest
from tools.arm64.boards import BOARDS
from tools.arm64.root_file_system import RootFileSystem, build_wheel, create_root_file_system
from tools.arm64.sysroot import MissingToolError, Sysroot, make_sysroot

LOGITS = str(Path(__file__).with_name("logits.py"))
READS_WITH = {"pi-zero-2w": "tflite", "nano": "onnx", "pi-4b": "onnx", "pi-5": "tflite"}
"""Boards on which the results are compared with the desktop's, one of each core, with the format to read with."""

BENCHED_ORIN = "orin-nano"
"""The Orin that runs bench; the boards with the same core and the same packages would take minutes for the same."""
DOCTOR_TESTS_ALL = "pi-zero-2w"
"""Board on which `doctor` tests all artifacts that ship; it tests fewer on the other boards."""


@dataclass(frozen=True)
class CommandResult:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, object]:
        """Return the JSON object that a successful command printed."""
        assert self.code == 0, self.err
        output: dict[str, object] = msgspec.json.decode(self.out)
        return output


@pytest.fixture(scope="session")
def cache() -> Path:
    folder = os.environ.get("DIGIT_BOARD_CACHE")
    if not folder:
        pytest.skip("an arm64 userland takes minutes: `make test-board`, or name a folder in DIGIT_BOARD_CACHE")
    return Path(folder)


@pytest.fixture(scope="session")
def sysroot(cache: Path) -> Sysroot:
    try:
        return make_sysroot(cache)
    except MissingToolError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def wheel(sysroot: Sysroot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return build_wheel(tmp_path_factory.mktemp("wheel"))
    except MissingToolError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def boards(sysroot: Sysroot, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, RootFileSystem]:
    folder = tmp_path_factory.mktemp("boards")
    return {name: create_root_file_system(board, sysroot, wheel, folder / name) for name, board in BOARDS.items()}


@pytest.fixture(scope="session")
def small_artifacts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Folders with the most accurate int8 artifacts, to keep the measurements short.

    They are those of one format, those of "both", and the one "classifier" for tests that are not about reading.
    """
    root, shipped = tmp_path_factory.mktemp("artifacts"), default_artifacts()
    manifest = load_manifest(shipped)
    best = max((a for a in manifest.artifacts if a.role == "classifier"), key=accuracy)
    int8 = [a for a in manifest.artifacts if a.precision == "int8" and (a.role != best.role or a.tier == best.tier)]
    folders = {name: [a for a in int8 if name in {a.format, "both"}] for name in ("onnx", "tflite", "both")}
    folders["classifier"] = [a for a in folders["tflite"] if a.role == "classifier"]
    for name, artifacts in folders.items():
        kept = tuple(artifacts)
        (root / name).mkdir()
        (root / name / FILE_NAME).write_bytes(dump_manifest(msgspec.structs.replace(manifest, artifacts=kept)))
        for artifact in kept:
            (root / name / artifact.file).write_bytes((shipped / artifact.file).read_bytes())
    return {folder.name: folder for folder in root.iterdir()}


def accuracy(artifact: Artifact) -> float:
    return artifact.accuracy.value if artifact.accuracy else 0.0


@pytest.fixture(scope="session")
def frame() -> Frame:
    """First frame of the demo source, whose digits are known."""
    frame = DemoSource(DemoSpec(uri="demo:", seed=0, frames=1, fps=None)).read()
    assert frame is not None
    return frame


@pytest.fixture(scope="session")
def picture(frame: Frame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "frame.png"
    assert cv2.imwrite(str(path), frame.image)
    return path


@pytest.fixture(scope="session")
def run_on_board(
    boards: Mapping[str, RootFileSystem],
    small_artifacts: Mapping[str, Path],
    picture: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str, str], CommandResult]]:
    """Function that waits for a command on a board and returns its result; all commands start at once."""
    options = ("--batch", "1", "--seconds", "0", "--json")
    commands: dict[tuple[str, str], Sequence[str]] = {}
    for name in boards:
        # Each artifact in a process of its own takes minutes here. One board tests all that ship; `logits` runs all of
        # them on each core.
        few = () if name == DOCTOR_TESTS_ALL else ("--artifacts", str(small_artifacts["both"]))
        commands[name, "doctor"] = ("digit-agent", "doctor", *few, "--json")
    commands |= {
        (name, "bench"): ("digit-agent", "bench", "--artifacts", str(small_artifacts["both"]), *options)
        for name in (*READS_WITH, BENCHED_ORIN)
    }
    for name, kind in READS_WITH.items():
        commands[name, "read"] = (
            "digit-agent",
            "read",
            "--artifacts",
            str(small_artifacts[kind]),
            str(picture),
            "--json",
        )
        commands[name, "logits"] = ("python", LOGITS)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {
            key: pool.submit(_run_on_board, boards[key[0]], command, tmp_path_factory.mktemp(key[0]))
            for key, command in commands.items()
        }
        yield lambda name, command: futures[name, command].result()
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def desktop(
    cache: Path, small_artifacts: Mapping[str, Path], picture: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], CommandResult]:
    """Function that returns the result of the same command on the desktop."""
    agent, artifacts = str(Path(sys.executable).with_name("digit-agent")), str(small_artifacts["both"])
    commands = {
        "read": (agent, "read", "--artifacts", artifacts, str(picture), "--json"),
        "logits": (sys.executable, LOGITS),
    }
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("desktop"))}
    return lambda command: _run(commands[command], environ)


def _run_on_board(board: RootFileSystem, command: Sequence[str], home: Path) -> CommandResult:
    return _run((str(board.bin / command[0]), *command[1:]), board.environ(home))


def _run(command: Sequence[str], environ: Mapping[str, str]) -> CommandResult:
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return CommandResult(done.returncode, done.stdout, done.stderr)
