"""A run in a process of its own, to which SIGHUP is sent; it reads a demo whose every frame counts."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))
PATIENCE_S = 200.0
"""For trying artifacts beside the loop, on a machine that has other things to do."""


class Board:
    """A run, its configuration and its artifacts, and systemd's ear."""

    def __init__(self, folder: Path, linear: Linear, ear: socket.socket) -> None:
        self.folder, self.linear, self._ear = folder, linear, ear
        self.config = folder / "config.toml"
        self.log = folder / "stderr"

    def configure(self, artifacts: str, *lines: str) -> None:
        self.config.write_text("\n".join([f'artifacts = "{artifacts}"', "no-log = true", *lines]))

    def artifacts(self, name: str, file: str, **changes: Any) -> Path:
        """A folder with one artifact."""
        self.linear.write(self.folder / name, self.linear.artifact(file, **changes))
        return self.folder / name

    def start(self) -> subprocess.Popen[bytes]:
        unwanted = ("STATE_DIRECTORY", "CACHE_DIRECTORY", "RUNTIME_DIRECTORY", "FORCE_COLOR", "XDG_CACHE_HOME")
        kept = {name: value for name, value in os.environ.items() if name not in unwanted}
        environ = {**kept, "HOME": str(self.folder), "NOTIFY_SOCKET": str(self.folder / "notify")}
        command = [EXECUTABLE, "run", "--config", str(self.config), "--source", "demo:?frames=1000000&fps=20"]
        with self.log.open("wb") as log, (self.folder / "stdout").open("wb") as out:
            return subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=log)

    def hear(self, wanted: str) -> str:
        """The next message to systemd that begins so; a status is heard with each frame or so, and passed over."""
        end = time.monotonic() + PATIENCE_S
        while select.select([self._ear], [], [], max(0.0, end - time.monotonic()))[0]:
            message = self._ear.recv(4096).decode()
            if message.startswith(wanted):
                return message
            assert message.startswith("WATCHDOG=1"), f"{message!r} came instead of {wanted!r}"
        raise AssertionError(f"{wanted!r} was not heard")

    def reload(self, process: subprocess.Popen[bytes]) -> str:
        """Send SIGHUP; the line that tells what came of it."""
        before = len(self.log.read_text())
        process.send_signal(signal.SIGHUP)
        began, since = self.hear("RELOADING=1").splitlines()
        assert began == "RELOADING=1"
        assert int(since.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
        assert self.hear("READY=1") == "READY=1"
        end = time.monotonic() + PATIENCE_S
        while not (told := self.log.read_text()[before:]).endswith("\n") and time.monotonic() < end:
            time.sleep(0.02)
        (line,) = told.splitlines()
        return line


@pytest.fixture
def board(tmp_path: Path, linear: Linear) -> Iterator[Board]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        yield Board(tmp_path, linear, ear)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.timeout(900)
def test_good_artifacts_take_over_and_bad_ones_are_refused(board: Board) -> None:
    good = board.artifacts("old", "linear-int8.tflite")
    golden = board.linear.artifact("linear.tflite").golden
    lies = msgspec.structs.replace(golden, logits=golden.logits[::-1])
    damaged = board.artifacts("damaged", "linear.tflite")
    flip(damaged / "linear.tflite")
    (board.artifacts("unreadable", "linear.tflite") / "linear.tflite").unlink()
    (board.artifacts("no-manifest", "linear.tflite") / "manifest.json").write_text("{")
    board.artifacts("lying", "linear.tflite", golden=lies)
    board.artifacts("new", "linear.tflite")
    board.configure("old")

    with board.start() as process:
        try:
            board.hear("READY=1")
            refusals: list[tuple[Callable[[], object], str]] = [
                (lambda: board.configure("damaged"), r"damaged/linear\.tflite is not the file that its manifest desc"),
                (lambda: board.configure("unreadable"), r"unreadable/linear\.tflite cannot be read"),
                (lambda: board.configure("no-manifest"), r"no-manifest/manifest\.json is damaged"),
                (lambda: board.configure("nowhere"), r"no manifest\.json in .+/nowhere"),
                (lambda: board.configure("lying"), r"linear\.tflite computes other logits here"),
                (lambda: board.configure("new", "widht = 3"), r"config\.toml:3: there is no option 'widht'; did you"),
                (board.config.unlink, r"there is no .+/config\.toml"),
            ]
            for spoil, why in refusals:
                spoil()
                assert re.match(rf"reload refused, the previous artifacts stay in use: .*{why}", board.reload(process))

            board.configure("new", "width = 1280", 'camera = "0"')
            done = board.reload(process)
            reads = rf"reloaded: linear fp32 TFLite on [\w-]+ of {re.escape(str(board.folder))}/new is in use now"
            assert re.match(reads, done)
            assert done.endswith("; restart the agent to apply the other changed options: width"), (
                "the command line names a source"
            )
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    summary = (board.folder / "stdout").read_text()
    assert re.search(r"linear\.tflite in [\w-]+", summary)
    frames = re.search(r"frames +([\d ]+) in .+, 0 dropped", summary)
    assert frames, summary
    assert good.is_dir()


@pytest.mark.timeout(600)
def test_a_burst_of_signals_neither_ends_the_run_nor_hangs_it(board: Board) -> None:
    board.artifacts("old", "linear-int8.tflite")
    board.configure("old")
    with board.start() as process:
        try:
            board.hear("READY=1")
            for _ in range(100):
                process.send_signal(signal.SIGHUP)
            board.hear("RELOADING=1")
            board.hear("READY=1")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert "0 dropped" in (board.folder / "stdout").read_text()
