"""A camera on loopback that speaks raw bytes, so that it can have every habit and every fault of a real one."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

PICTURES = 12
PAUSE_S = 0.01
"""Pause after each part, so that a reader takes most of them one by one."""


@dataclass
class Request:
    """A request that the camera received."""

    target: str
    headers: dict[str, str]
    """By their names in lower case."""


@dataclass
class Visit:
    """One request and the connection to answer it on."""

    request: Request
    connection: socket.socket
    ended: threading.Event
    """Set when the camera is switched off."""

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.connection.sendall(part)

    def answer(self, status: str, *headers: str, body: bytes = b"") -> None:
        """Send a complete response with its length."""
        lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
        self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def wait(self, seconds: float = 60) -> None:
        self.ended.wait(seconds)


Behaviour = Callable[[Visit], None]


@dataclass
class Camera:
    """A running camera."""

    port: int
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.place}"


@contextlib.contextmanager
def camera_server(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Camera]:
    """Run a camera. After a behaviour returns, the connection is kept if the answer had a length, else closed."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        camera, threads = Camera(listener.getsockname()[1]), list[threading.Thread]()
        listener.settimeout(0.05)

        def accept() -> None:
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = listener.accept()
                    camera.connections += 1
                    threads.append(threading.Thread(target=serve, args=(connection,)))
                    threads[-1].start()

        def serve(connection: socket.socket) -> None:
            connection.settimeout(60)
            with contextlib.suppress(OSError), connection:
                stream = tls.wrap_socket(connection, server_side=True) if tls else connection
                with stream:
                    while (request := _read_request(stream)) is not None:
                        camera.requests.append(request)
                        visit = _CountingVisit(request, stream, ended)
                        behaviour(visit)
                        if not visit.keeps_alive:
                            return

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield camera
        finally:
            ended.set()
            acceptor.join()
            for thread in threads:
                thread.join(0.2)


@dataclass
class _CountingVisit(Visit):
    keeps_alive: bool = False

    def answer(self, status: str, *headers: str, body: bytes = b"") -> None:
        super().answer(status, *headers, body=body)
        self.keeps_alive = True


def _read_request(stream: socket.socket) -> Request | None:
    received = b""
    while b"\r\n\r\n" not in received:
        data = stream.recv(4096)
        if not data:
            return None
        received += data
        if not received.startswith((b"G", b"C", b"D", b"O")):  # neither GET, CONNECT, DESCRIBE nor OPTIONS: TLS
            stream.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            return None
    first, *lines = received.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return Request(first.split(" ")[1], headers)


def numbered_picture(number: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """Return BGR, uint8 (H, W, 3), that shows its number in its mean brightness; the grain makes it unique."""
    grain = np.random.default_rng(number).integers(-8, 9, (height, width, 1))
    return np.repeat(20 + 15 * number + grain, 3, axis=2).astype(np.uint8)


def encoded(number: int, suffix: str = ".jpg", *parameters: int) -> bytes:
    """Return a numbered picture as a file."""
    return cv2.imencode(suffix, numbered_picture(number), parameters)[1].tobytes()


def number_shown(picture: NDArray[np.uint8]) -> int:
    return round((float(picture.mean()) - 20) / 15)


def multipart(boundary: str = "frame", *headers: str) -> bytes:
    """Return the head of a response with several parts."""
    lines = ("HTTP/1.0 200 OK", f"Content-Type: multipart/x-mixed-replace; boundary={boundary}", *headers, "", "")
    return "\r\n".join(lines).encode()


def part(picture: bytes, boundary: str = "frame") -> bytes:
    """Return a part as most cameras send it."""
    head = f"--{boundary}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
    return head.encode() + picture + b"\r\n"


def stream(head: bytes, make_part: Callable[[bytes], bytes], suffix: str = ".jpg", *parameters: int) -> Behaviour:
    """Return a behaviour that sends numbered pictures, one after the other, and then waits."""

    def behave(visit: Visit) -> None:
        visit.send(head)
        for number in range(PICTURES):
            visit.send(make_part(encoded(number, suffix, *parameters)))
            time.sleep(PAUSE_S)
        visit.wait()

    return behave


def self_signed(folder: Path, name: str = "127.0.0.1", days: int = 2) -> ssl.SSLContext:
    """Return the TLS of a camera with a certificate that it has signed itself."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-days", str(days), "-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{name}"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
