"""Reconnecting to a real HTTP stream, also by the whole agent as a service; a Raspberry Pi camera that fails."""

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

from agent.capture.address import StreamOptions
from agent.capture.opener import open_source
from agent.capture.reconnect import ReconnectingSource, ReconnectPolicy
from agent.capture.uri import parse_source

pytestmark = pytest.mark.slow

SHORT_POLICY = ReconnectPolicy(silence_timeout_s=0.4, freeze_timeout_s=0.4, retry_delays_s=(0.02,))
FAULTS = ("stalls", "hangs up", "sends a page", "refuses")
ROUNDS = 3
TIMEOUT_S = 120.0


class StreamHandler(BaseHTTPRequestHandler):
    """Sends images until the camera has a fault."""

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
                    camera.repaired.wait(TIMEOUT_S)
                    return
                self.wfile.write(camera.jpeg_part())
                time.sleep(0.02)
        except OSError:
            return  # the reader has gone

    def log_message(self, *_: object) -> None:
        pass


class NetworkCamera(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), StreamHandler)
        self.fault = ""
        self.repaired = threading.Event()
        self._rng = np.random.default_rng(1)

    def jpeg_part(self) -> bytes:
        jpeg = cv2.imencode(".jpg", self._rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))[1].tobytes()
        return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(jpeg), jpeg)

    def break_down(self, fault: str) -> None:
        self.repaired.clear()
        self.fault = fault

    def repair(self) -> None:
        self.fault = ""
        self.repaired.set()


@pytest.fixture
def camera() -> Iterator[NetworkCamera]:
    with NetworkCamera() as camera:
        thread = threading.Thread(target=camera.serve_forever, args=(0.02,))
        thread.start()
        yield camera
        camera.break_down("hangs up")
        camera.repaired.set()
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
"""A fake of the system's package, with one camera that fails."""
READ_TWICE = """
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


def wait_until_released(files: int, threads: int) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while (open_files(), threading.active_count()) > (files, threads) and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_stream_is_recovered_after_every_fault(camera: NetworkCamera) -> None:
    address = f"http://127.0.0.1:{camera.server_port}/"
    first, spec = (parse_source(address, StreamOptions(patience_s, every_s=0.02)) for patience_s in (10.0, 1.0))
    reports: list[str] = []

    def wait_for_frame(count: int) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while len(reports) < count or reconnecting.get(0.05) is None:
            assert time.monotonic() < deadline, reports

    def cause_and_recover(fault: str) -> None:
        reports_before = len(reports)
        camera.break_down(fault)
        while len(reports) == reports_before:
            reconnecting.get(0.05)
        camera.repair()
        while not reports[-1].startswith(f"stream {spec.uri} is back after "):
            reconnecting.get(0.05)

    with closing(
        ReconnectingSource(open_source(first), lambda: open_source(spec), reports.append, policy=SHORT_POLICY)
    ) as reconnecting:
        wait_for_frame(0)
        for fault in FAULTS:
            cause_and_recover(fault)
        files, threads = open_files(), threading.active_count()
        for _ in range(ROUNDS):
            for fault in FAULTS:
                cause_and_recover(fault)
        wait_for_frame(len(reports))
        wait_until_released(files, threads)
        assert open_files() <= files
        assert threading.active_count() <= threads


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("configure", "0 no camera at csi://0 (Failed to configure camera); check the ribbon cable"),
        ("silent", "2 csi://0 gave no frame for 2 s; check the ribbon cable"),
        ("fails", "2 csi://0 failed (camera frontend has timed out); check the ribbon cable"),
    ],
)
def test_a_ribbon_camera_that_fails_raises_in_time_and_can_be_opened_again(
    fault: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "picamera2.py").write_text(PICAMERA2)
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[3]}", "FAULT": fault}
    process = subprocess.run(
        [sys.executable, "-c", READ_TWICE], env=environ, capture_output=True, text=True, timeout=180, check=True
    )
    first, second = process.stdout.splitlines()
    assert first == second
    assert first.startswith(message)


@contextmanager
def service(folder: Path, source: str, artifacts: Path) -> Iterator[tuple[subprocess.Popen[str], socket.socket]]:
    """Start the agent as systemd does; yield the process and the notification socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(TIMEOUT_S)
        notify_environ = {
            "NOTIFY_SOCKET": str(folder / "notify"),
            "STATE_DIRECTORY": str(folder),
            "WATCHDOG_USEC": "1000000",
        }
        command = [str(Path(sys.executable).with_name("digit-agent")), "run", "--source", source]
        with subprocess.Popen(
            [*command, "--no-dashboard", "--artifacts", str(artifacts), "--patience", "2"],
            env={**os.environ, **notify_environ, "HOME": str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process, manager
            finally:
                process.kill()


def receive_until(manager: socket.socket, words: str) -> list[str]:
    """Return the notifications up to the first one that contains a text."""
    received = [""]
    while words not in received[-1]:
        received.append(manager.recv(4096).decode())
    return received[1:]


def test_a_service_waits_for_its_camera_and_reconnects(camera: NetworkCamera, linear: Any, tmp_path: Path) -> None:
    linear.write(tmp_path / "artifacts", linear.artifact("linear-int8.tflite"))
    address = f"http://127.0.0.1:{camera.server_port}/"
    camera.break_down("refuses")
    with service(tmp_path, address, tmp_path / "artifacts") as (process, manager):
        first = receive_until(manager, "camera outage for")
        assert first[0].startswith(
            f"READY=1\nWATCHDOG=1\nSTATUS=camera outage for 0 s, next try in 1 s: {address} is forbidden"
        )
        camera.repair()
        receive_until(manager, "numbers read in")
        camera.break_down("stalls")
        outage = receive_until(manager, "camera outage for")[-1]
        assert outage.startswith("WATCHDOG=1\n")
        camera.repair()
        receive_until(manager, "numbers read in")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    missing, back, silent, back_again = (line for line in errors.splitlines() if address in line)
    assert missing.startswith(f"{address} is forbidden (status 403)")
    assert silent.startswith(f"{address} gave no picture for 2 s; check the network and the camera")
    assert {text.partition(" is back after ")[0] for text in (back, back_again)} == {f"stream {address}"}
