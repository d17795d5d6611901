"""A real stream over a real network that fails and comes back, below the whole agent too; a Pi's camera that fails."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from agent.capture.opener import open_source
from agent.capture.reconnect import ReconnectingSource, ReconnectPolicy
from agent.capture.uri import parse_source

BRISK = ReconnectPolicy(silence_timeout_s=0.4, freeze_timeout_s=0.4, retry_delays_s=(0.02,))
FAULTS = ("stalls", "hangs up", "sends a page", "refuses")
ROUNDS = 6
ENOUGH_S = 120.0


class Address(BaseHTTPRequestHandler):
    """Gives pictures while all is well."""

    def do_GET(self) -> None:
        camera = self.server
        assert isinstance(camera, NetworkCamera)
        fault = camera.fault
        if fault == "refuses":
            self.send_error(403)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        if fault == "sends a page":
            self.wfile.write(b"<html>updating the firmware</html>")
            return
        try:
            while camera.fault not in {"hangs up", "refuses", "sends a page"}:
                if camera.fault == "stalls":
                    camera.mended.wait(ENOUGH_S)
                    return
                self.wfile.write(camera.picture())
                time.sleep(0.02)
        except OSError:
            return  # nobody looks any more

    def log_message(self, *_: object) -> None:
        pass


class NetworkCamera(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Address)
        self.fault = ""
        self.mended = threading.Event()
        self._rng = np.random.default_rng(1)

    def picture(self) -> bytes:
        jpeg = cv2.imencode(".jpg", self._rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))[1].tobytes()
        return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(jpeg), jpeg)

    def break_down(self, fault: str) -> None:
        self.mended.clear()
        self.fault = fault

    def mend(self) -> None:
        self.fault = ""
        self.mended.set()


@pytest.fixture
def camera() -> Iterator[NetworkCamera]:
    with NetworkCamera() as camera:
        thread = threading.Thread(target=camera.serve_forever, args=(0.02,))
        thread.start()
        yield camera
        camera.break_down("hangs up")
        camera.mended.set()
        camera.shutdown()
        thread.join()


PICAMERA2 = """
import concurrent.futures, os, time
import numpy as np

opened = []

class Picamera2:
    def __init__(self, sensor):
        if opened:
            raise RuntimeError("Failed to acquire camera: Device or resource busy")
        opened.append(self)
        self.given = 0
    def create_video_configuration(self, main):
        return main
    def configure(self, main):
        self.size = main["size"]
        if os.environ["FAULT"] == "configure":
            raise RuntimeError("Failed to configure camera")
    def start(self):
        pass
    def capture_array(self, name, wait):
        self.given += 1
        if os.environ["FAULT"] == "silent" and self.given == 3:
            time.sleep(wait)
            raise concurrent.futures.TimeoutError
        if os.environ["FAULT"] == "fails" and self.given == 3:
            raise RuntimeError("camera frontend has timed out")
        return np.full((*self.size[::-1], 3), self.given, np.uint8)
    def close(self):
        opened.remove(self)
"""
"""Stands in the place of the system's package, with its functions' names, and one camera that fails."""
LOOK_TWICE = """
from agent.capture.opener import open_source
from agent.capture.uri import parse_source
from profiles.errors import SourceError

for _ in range(2):
    frames = 0
    try:
        with open_source(parse_source("csi://0"), width=64, height=48) as source:
            while frames < 5:
                assert source.read().image.shape == (48, 64, 3)
                frames += 1
    except SourceError as error:
        print(frames, error)
"""


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def settle(files: int, threads: int) -> None:
    deadline = time.monotonic() + ENOUGH_S
    while (open_files(), threading.active_count()) > (files, threads) and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_stream_is_outlasted_whatever_happens_to_it(camera: NetworkCamera) -> None:
    spec = parse_source(f"http://127.0.0.1:{camera.server_port}/")
    said: list[str] = []

    def see(sayings: int) -> None:
        deadline = time.monotonic() + ENOUGH_S
        while len(said) < sayings or reconnecting.get(0.05) is None:
            assert time.monotonic() < deadline, said

    def go_through(fault: str) -> None:
        heard = len(said)
        camera.break_down(fault)
        while len(said) == heard:
            reconnecting.get(0.05)
        camera.mend()
        while not said[-1].startswith(f"stream {spec.uri} is back after "):
            reconnecting.get(0.05)

    with closing(
        ReconnectingSource(open_source(spec), lambda: open_source(spec), said.append, policy=BRISK)
    ) as reconnecting:
        see(0)
        for fault in FAULTS:
            go_through(fault)
        files, threads = open_files(), threading.active_count()
        for _ in range(ROUNDS):
            for fault in FAULTS:
                go_through(fault)
        see(len(said))
        settle(files, threads)
        assert open_files() <= files
        assert threading.active_count() <= threads


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("configure", "0 no camera at csi://0 (Failed to configure camera); check the ribbon cable"),
        ("silent", "2 csi://0 gave no frame for 2 s; check the ribbon cable"),
        ("fails", "2 csi://0 failed (camera frontend has timed out); check the ribbon cable"),
    ],
)
def test_a_ribbon_camera_that_fails_says_so_in_time_and_can_be_opened_again(
    fault: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / "picamera2.py").write_text(PICAMERA2)
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[3]}", "FAULT": fault}
    looked = subprocess.run(
        [sys.executable, "-c", LOOK_TWICE], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    first, second = looked.stdout.splitlines()
    assert first == second
    assert first.startswith(says)


@contextmanager
def service(folder: Path, source: str, artifacts: Path) -> Iterator[tuple[subprocess.Popen[str], socket.socket]]:
    """The agent as systemd starts it, and what systemd hears."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(ENOUGH_S)
        told = {"NOTIFY_SOCKET": str(folder / "notify"), "STATE_DIRECTORY": str(folder), "WATCHDOG_USEC": "1000000"}
        command = [str(Path(sys.executable).with_name("digit-agent")), "run", "--source", source]
        with subprocess.Popen(
            [*command, "--no-dashboard", "--artifacts", str(artifacts)],
            env={**os.environ, **told, "HOME": str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process, manager
            finally:
                process.kill()


def hear(manager: socket.socket, words: str) -> list[str]:
    """What systemd hears, until something of it has these words."""
    heard = [""]
    while words not in heard[-1]:
        heard.append(manager.recv(4096).decode())
    return heard[1:]


def test_a_service_waits_for_its_camera_and_outlasts_it(camera: NetworkCamera, linear: Any, tmp_path: Path) -> None:
    linear.write(tmp_path / "artifacts", linear.artifact("linear-int8.tflite"))
    address = f"http://127.0.0.1:{camera.server_port}/"
    camera.break_down("refuses")
    with service(tmp_path, address, tmp_path / "artifacts") as (process, manager):
        first = hear(manager, "camera away for")
        assert first[0].startswith(
            f"READY=1\nWATCHDOG=1\nSTATUS=camera away for 0 s, next try in 1 s: {address} gives no video"
        )
        camera.mend()
        hear(manager, "numbers read in")
        camera.break_down("stalls")
        away = hear(manager, "camera away for")[-1]
        assert away.startswith("WATCHDOG=1\n")
        camera.mend()
        hear(manager, "numbers read in")
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=ENOUGH_S)
    assert process.returncode == 0
    missing, back, silent, back_again = complaints.splitlines()
    assert missing.startswith(f"{address} gives no video")
    assert silent == f"stream {address} gives no frame; check that it is connected and running"
    assert {text.partition(" is back after ")[0] for text in (back, back_again)} == {f"stream {address}"}
