"""Reload by SIGHUP, tested with a run in its own process that reads a demo and must not drop a frame."""

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

pytestmark = pytest.mark.slow

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))
TIMEOUT_S = 200.0
"""Longest wait for a message, in seconds; a busy machine measures artifacts slowly."""


class RunningAgent:
    """A run with its configuration, its artifacts, and the socket that receives its messages to systemd."""

    def __init__(self, folder: Path, linear: Linear, systemd: socket.socket) -> None:
        self.folder, self.linear, self._systemd = folder, linear, systemd
        self.config = folder / "config.toml"
        self.log = folder / "stderr"

    def configure(self, artifacts: str, *lines: str) -> None:
        self.config.write_text("\n".join([f'artifacts = "{artifacts}"', "no-log = true", *lines]))

    def artifacts(self, name: str, file: str, **changes: Any) -> Path:
        """Write a folder with one artifact, and return it."""
        self.linear.write(self.folder / name, self.linear.artifact(file, **changes))
        return self.folder / name

    def start(self) -> subprocess.Popen[bytes]:
        unwanted = ("STATE_DIRECTORY", "CACHE_DIRECTORY", "RUNTIME_DIRECTORY", "FORCE_COLOR", "XDG_CACHE_HOME")
        kept = {name: value for name, value in os.environ.items() if name not in unwanted}
        environ = {**kept, "HOME": str(self.folder), "NOTIFY_SOCKET": str(self.folder / "notify")}
        command = [EXECUTABLE, "run", "--config", str(self.config), "--source", "demo:?frames=1000000&fps=20"]
        with self.log.open("wb") as log, (self.folder / "stdout").open("wb") as out:
            return subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=log)

    def receive(self, wanted: str) -> str:
        """Return the next message to systemd that starts with `wanted`; status messages are skipped."""
        end = time.monotonic() + TIMEOUT_S
        while select.select([self._systemd], [], [], max(0.0, end - time.monotonic()))[0]:
            message = self._systemd.recv(4096).decode()
            if message.startswith(wanted):
                return message
            assert message.startswith("WATCHDOG=1"), f"{message!r} came instead of {wanted!r}"
        raise AssertionError(f"{wanted!r} was not received")

    def reload(self, process: subprocess.Popen[bytes]) -> str:
        """Send SIGHUP, and return the line that reports the result."""
        before = len(self.log.read_text())
        process.send_signal(signal.SIGHUP)
        began, since = self.receive("RELOADING=1").splitlines()
        assert began == "RELOADING=1"
        assert int(since.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
        assert self.receive("READY=1") == "READY=1"
        end = time.monotonic() + TIMEOUT_S
        while not (output := self.log.read_text()[before:]).endswith("\n") and time.monotonic() < end:
            time.sleep(0.02)
        (line,) = output.splitlines()
        return line


@pytest.fixture
def running(tmp_path: Path, linear: Linear) -> Iterator[RunningAgent]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        yield RunningAgent(tmp_path, linear, systemd)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.timeout(900)
def test_valid_artifacts_are_loaded_and_invalid_ones_are_refused(running: RunningAgent) -> None:
    good = running.artifacts("old", "linear-int8.tflite")
    golden = running.linear.artifact("linear.tflite").golden
    wrong_golden = msgspec.structs.replace(golden, logits=golden.logits[::-1])
    damaged = running.artifacts("damaged", "linear.tflite")
    flip(damaged / "linear.tflite")
    (running.artifacts("unreadable", "linear.tflite") / "linear.tflite").unlink()
    (running.artifacts("no-manifest", "linear.tflite") / "manifest.json").write_text("{")
    running.artifacts("lying", "linear.tflite", golden=wrong_golden)
    running.artifacts("new", "linear.tflite")
    running.configure("old")

    with running.start() as process:
        try:
            running.receive("READY=1")
            refusals: list[tuple[Callable[[], object], str]] = [
                (
                    lambda: running.configure("damaged"),
                    r"damaged/linear\.tflite is not the file that its manifest desc",
                ),
                (lambda: running.configure("unreadable"), r"unreadable/linear\.tflite cannot be read"),
                (lambda: running.configure("no-manifest"), r"no-manifest/manifest\.json is damaged"),
                (lambda: running.configure("nowhere"), r"no manifest\.json in .+/nowhere"),
                (lambda: running.configure("lying"), r"linear\.tflite computes other logits here"),
                (lambda: running.configure("new", "widht = 3"), r"config\.toml:3: there is no option 'widht'; did you"),
                (running.config.unlink, r"there is no .+/config\.toml"),
            ]
            for change, why in refusals:
                change()
                assert re.match(
                    rf"reload refused, the previous artifacts stay in use: .*{why}", running.reload(process)
                )

            running.configure("new", "width = 1280", 'camera = "0"', 'roi = "0%,0%,50%,50%"', 'keep-pictures = "all"')
            done = running.reload(process)
            variant = r"linear fp32 TFLite on [\w-]+( with \d+ threads)?"
            reads = rf"reloaded: {variant} of {re.escape(str(running.folder))}/new is in use now"
            assert re.match(reads, done)
            assert done.endswith("; restart the agent to apply the other changed options: keep-pictures, width"), (
                "the command line sets the source"
            )
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(180) == 0
    summary = (running.folder / "stdout").read_text()
    assert re.search(r"linear\.tflite in [\w-]+", summary)
    frames = re.search(r"frames +([\d,]+) in .+, 0 dropped", summary)
    assert frames, summary
    assert good.is_dir()


@pytest.mark.timeout(600)
def test_many_signals_neither_end_nor_block_the_run(running: RunningAgent) -> None:
    running.artifacts("old", "linear-int8.tflite")
    running.configure("old")
    with running.start() as process:
        try:
            running.receive("READY=1")
            for _ in range(100):
                process.send_signal(signal.SIGHUP)
            running.receive("RELOADING=1")
            running.receive("READY=1")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(180) == 0
    assert "0 dropped" in (running.folder / "stdout").read_text()
