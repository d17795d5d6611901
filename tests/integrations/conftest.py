"""Real brokers, started for one test each, and a client that remembers what it received."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.waiting import wait_until

USER, PASSWORD = "reader", "p@ss/w0rd S3CR"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def find_tool(name: str) -> str:
    """Return the path of a program; skip the test without it."""
    if not os.environ.get("DIGIT_INTEGRATIONS"):
        pytest.skip("make test-integrations runs it")
    found = shutil.which(name, path=PATH)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


def accepts(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


@dataclass
class Mosquitto:
    """A broker that can be killed and started again."""

    folder: Path
    port: int
    settings: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        config = self.folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\nuser root\n{self.settings}\n")
        log = (self.folder / "mosquitto.log").open("ab")
        with log:
            self.process = subprocess.Popen([find_tool("mosquitto"), "-c", str(config)], stdout=log, stderr=log)
        wait_until(lambda: accepts(self.port))

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @property
    def log(self) -> str:
        return (self.folder / "mosquitto.log").read_text()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[[str], Mosquitto]]:
    """Starts a broker with the given settings; it is killed at the end."""
    brokers: list[Mosquitto] = []

    def start(settings: str = "allow_anonymous true") -> Mosquitto:
        folder = tmp_path / f"mosquitto-{len(brokers)}"
        folder.mkdir()
        brokers.append(Mosquitto(folder, free_port(), settings))
        brokers[-1].start()
        return brokers[-1]

    yield start
    for broker in brokers:
        broker.kill()


def password_file(folder: Path) -> Path:
    """Make mosquitto's file with the hash of the password."""
    file = folder / "passwords"
    subprocess.run([find_tool("mosquitto_passwd"), "-b", "-c", str(file), USER, PASSWORD], check=True)
    return file


@dataclass(frozen=True)
class Certificates:
    """A certificate authority, and what it has signed for 127.0.0.1 and for a client."""

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


@cache
def make_certificates(folder: Path) -> Certificates:
    def run(*arguments: str) -> None:
        subprocess.run([find_tool("openssl"), *arguments], check=True, capture_output=True, cwd=folder)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority", "-days", "2")
    for name, subject in (("server", "/CN=127.0.0.1"), ("client", "/CN=counter-01")):
        run("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        (folder / f"{name}.ext").write_text("subjectAltName=IP:127.0.0.1\n")
        signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
        run("x509", "-req", "-in", f"{name}.csr", *signing, "-extfile", f"{name}.ext", "-out", f"{name}.pem")
    names = ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")
    return Certificates(*(folder / name for name in names))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    find_tool("openssl")
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@dataclass
class Subscriber:
    """A client that remembers every message, and comes back after the broker was away."""

    messages: list[MQTTMessage] = field(default_factory=list)
    connections: int = 0

    def bodies(self, end: str) -> list[bytes]:
        """Return the bodies of the messages whose topics end so, oldest first."""
        found = (one for one in list(self.messages) if one.topic.endswith(f"/{end}"))
        return [bytes(one.payload) for one in found if not one.topic.removesuffix(end).endswith("/newest/")]

    def kept(self, end: str) -> bytes:
        """Return the newest body of a topic; empty if there was none."""
        return next(iter(reversed(self.bodies(end))), b"")


@contextmanager
def subscribed(port: int, topics: str = "#", tls: ssl.SSLContext | None = None, qos: int = 1) -> Iterator[Subscriber]:
    """Subscribe with a session that the broker keeps while the client is away."""
    subscriber = Subscriber()
    client = Client(CallbackAPIVersion.VERSION2, f"test-{port}", protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(USER, PASSWORD)
    if tls is not None:
        client.tls_set_context(tls)
    client.reconnect_delay_set(0.05, 0.2)  # type: ignore[arg-type]
    client.on_message = lambda _client, _data, message: subscriber.messages.append(message)

    def connected(client: Client, *_: Any) -> None:
        client.subscribe(topics, qos=qos)
        subscriber.connections += 1

    client.on_connect = connected
    session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    session.SessionExpiryInterval = 3600
    client.connect("127.0.0.1", port, keepalive=10, clean_start=False, properties=session)
    client.loop_start()
    try:
        wait_until(lambda: subscriber.connections > 0)
        time.sleep(0.1)  # until the subscription holds
        yield subscriber
    finally:
        client.disconnect()
        client.loop_stop()
