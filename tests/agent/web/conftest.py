"""A log of a week, and the page served from it by a real server on the loopback interface."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import cv2
import msgspec
import numpy as np
import pytest
import uvicorn

from agent.cli.web_options import config_source
from agent.config.layers import resolve_settings
from agent.config.options import Config
from agent.events import RunInfo
from agent.histogram import LatencyHistogram
from agent.telemetry.database import open_for_writing
from agent.telemetry.record_rows import LoggedField
from agent.telemetry.rollup import Rollup, pack
from agent.web.address import WebAddress, listen, machine_names
from agent.web.app import make_app
from agent.web.config_editor import Apply, ConfigEditor, ConfigSource
from agent.web.credentials import PasswordHash, hash_password
from agent.web.diagnosis import Doctor
from agent.web.live_view import LiveView
from agent.web.log_reader import LogReader
from agent.web.login import Login
from agent.web.server import ServerThread, make_server
from agent.web.shown_run import ShownRun
from profiles.profile import load_profile

PASSWORD = "correct horse"
READINGS = 300
PICTURES = 40
MARKUP = "<script>alert(1)</script>"
TIMEOUT_S = 300
NEWEST_MS = 1_795_000_000_000
HOUR_MS = 3_600_000
INSERT_RUN = """INSERT INTO runs (id, key, boot, at_ms, steady_ms, offset_ms, source, board, frame_source, after_ms)
    VALUES (1, x'00', 'boot', ?1, 0, ?1, ?2, 'pi-4b', ?2, ?3)"""
INSERT_READING = """INSERT INTO readings (run, at_ms, after_ms, frame, text, sure_permille, x, y, w, h)
    VALUES (1, 0, ?1, ?2, ?3, ?4, 4, 5, 30, 20)"""
INFO = RunInfo("demo:", "pi-4b", "nano-int8.tflite", "ai-edge-litert", "it is the fastest", None)


@dataclass
class Answer:
    """An answer of the server."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Site:
    """A page that is being served."""

    port: int
    login_file: Path
    server: uvicorn.Server

    def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        host: str | None = None,
        body: str | None = None,
        **headers: str,
    ) -> Answer:
        """Send a request; `headers` are written with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)) as connection:
            connection.request(method, path, body, {"Host": host or f"127.0.0.1:{self.port}", **sent})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            content = response.read()
            return Answer(response.status, content.decode(errors="replace"), found, content)

    def log_in(self, password: str = PASSWORD) -> Answer:
        """Send the form of the login page."""
        form = urlencode({"password": password})
        return self.ask("/login", "POST", body=form, Origin=f"http://127.0.0.1:{self.port}")

    def session(self) -> str:
        """Log in and return the cookie."""
        return self.log_in().headers["set-cookie"].partition(";")[0]


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with a week of hours, readings every half hour, faults, and texts that are markup."""
    path = tmp_path_factory.mktemp("log") / "agent.db"
    week_ms = 168 * HOUR_MS
    with closing(open_for_writing(path)) as connection:
        connection.execute("BEGIN")
        connection.execute(INSERT_RUN, (NEWEST_MS - week_ms, "demo:", week_ms))
        step_ms = week_ms // READINGS
        texts = (f"{7 * index % 1000}" if index % 50 else MARKUP for index in range(READINGS))
        connection.executemany(
            INSERT_READING,
            ((index * step_ms, index, text, 1000 - index % 200) for index, text in enumerate(texts)),
        )
        for hour in range(168):
            connection.execute(
                "INSERT INTO minutes (run, at_ms, after_ms, figures) VALUES (1, 0, ?, ?)",
                (hour * HOUR_MS, pack(_rollup(hour))),
            )
        connection.execute(
            "INSERT INTO faults (run, at_ms, after_ms, text) VALUES (1, 0, ?, ?)", (week_ms - HOUR_MS, MARKUP)
        )
        connection.execute(
            "INSERT INTO choices (run, at_ms, after_ms, artifact, runtime, reason) VALUES (1, 0, 0, ?, ?, ?)",
            ("nano-int8.tflite", "ai-edge-litert", MARKUP),
        )
        fields = [
            LoggedField("total", "12.50", "12.50", "12.50", 970),
            LoggedField("day", "", "31.02.26", "31.02.26", 950, ("there is no such day",)),
            LoggedField("note", MARKUP, MARKUP, MARKUP, 990),
        ]
        record = "delivery", msgspec.json.encode(fields).decode()
        connection.execute("INSERT INTO records VALUES (1, 1, 0, 0, 1, 'demo:', ?, ?)", record)
        for reading in range(READINGS - PICTURES + 1, READINGS + 1):  # the newest ones; every other one is sure
            image = np.full((60, 160, 3), 255, np.uint8)
            cv2.putText(image, str(7 * (reading - 1) % 1000), (30, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (80, 30, 20), 3)
            jpeg = cv2.imencode(".jpg", image)[1].tobytes()
            connection.execute(
                "INSERT INTO pictures VALUES (?, ?, ?, 26, 14, 100, 36, ?)", (reading, reading % 2, jpeg, len(jpeg))
            )
        connection.execute("COMMIT")
    return path


def _rollup(hour: int) -> Rollup:
    latency = LatencyHistogram()
    for frame in range(50):
        latency.add(12 + hour % 24 + frame % 7)
    return Rollup(
        duration_ms=HOUR_MS,
        frames=50,
        readings=2,
        latency={"total": latency},
        powered_ms=HOUR_MS,
        energy_mj=3600.0 * (2500 + 40 * (hour % 24)),
        max_mw=4000.0,
        max_c=48.0 + hour % 24,
    )


@pytest.fixture(scope="session")
def password_hash() -> PasswordHash:
    """The hash of `PASSWORD`; it takes a while."""
    return hash_password(PASSWORD)


def own_config(file: Path) -> ConfigSource:
    """Return where the options of a run of the demo come from, with a configuration file."""
    given, profile = Config(source="demo:"), load_profile("pi4")
    return config_source(file, lambda: resolve_settings(given, (file,) if file.exists() else (), profile))


@pytest.fixture
def serve(log: Path, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Return a function that serves the log, with a password and a run if they are given."""
    servers: list[ServerThread] = []

    def start(
        password: PasswordHash | None = None,
        live: LiveView | None = None,
        path: Path | None = log,
        config: ConfigSource | None = None,
        apply: Apply = list,
        *,
        figures: Callable[[], bytes] | None = None,
        doctor: Sequence[str] = (),
    ) -> Site:
        listener = listen(WebAddress("127.0.0.1", 0))
        login = Login(tmp_path / "web-login.json", password)
        run = None
        if live is not None:
            config = config or own_config(tmp_path / "config.toml")
            editor = ConfigEditor(config, apply, has_login=login.is_needed)
            run = ShownRun(live, editor, Doctor(doctor or config.doctor), figures)
        app = make_app(LogReader(path), login, machine_names("reader.example"), run)
        server = make_server(app)
        servers.append(ServerThread(server, listener))
        return Site(listener.getsockname()[1], tmp_path / "web-login.json", server)

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def own_log(log: Path, tmp_path: Path) -> Path:
    """A copy of the log that a test may change."""
    return Path(shutil.copy(log, tmp_path / "agent.db"))


@pytest.fixture
def site(serve: Callable[..., Site]) -> Site:
    """The log, served without a password."""
    return serve()


@pytest.fixture
def locked_site(serve: Callable[..., Site], password_hash: PasswordHash) -> Site:
    """The log beside a run, served with a password."""
    return serve(password_hash, LiveView(lambda: INFO))
