"""The page from the command line: of a log alone, and beside a run; real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import cv2
import numpy as np
import pytest

from agent.telemetry.database import open_for_writing
from agent.web.credentials import make_token
from tests.waiting import wait_until

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))
TIMEOUT_S = 300
WEB_MODULES = ("starlette", "uvicorn", "h11", "agent.web")


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


@contextmanager
def started(folder: Path, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Run the agent with a state folder of its own, until the `with` block ends."""
    process = subprocess.Popen(
        [EXECUTABLE, *arguments],
        env={**os.environ, "STATE_DIRECTORY": str(folder), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=TIMEOUT_S)


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    """Return status and text; status 0 if nobody listens yet."""
    try:
        with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers=headers), timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (URLError, OSError):
        return 0, ""


def is_up(port: int) -> bool:
    return get(port, "/healthz")[0] == 200


@pytest.fixture
def log(tmp_path: Path) -> Path:
    open_for_writing(tmp_path / "agent.db").close()
    return tmp_path / "agent.db"


def test_a_log_is_served_on_this_machine_without_a_password(log: Path, tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, "web", "--log", str(log), "--bind", str(port)) as process:
        wait_until(lambda: get(port, "/healthz")[0] == 200)
        assert get(port, "/readings")[0] == 200
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, out) == (128 + signal.SIGTERM, "")
    assert err == f"the web page: http://127.0.0.1:{port}/\n"
    assert not (tmp_path / "web-login.json").exists()


def test_the_network_needs_a_password_that_is_shown_once(log: Path, tmp_path: Path) -> None:
    shown = []
    for _ in range(2):
        port = free_port()
        with started(tmp_path, "web", "--log", str(log), "--bind", f"0.0.0.0:{port}") as process:
            wait_until(partial(is_up, port))
            assert get(port, "/api/v1/status")[0] == 401
            process.send_signal(signal.SIGINT)
            shown.append(process.communicate(timeout=TIMEOUT_S)[1])
    assert re.search(r"^the password of the web page: (\w{4}-){3}\w{4} \(it is not shown again", shown[0])
    assert "password" not in shown[1]
    assert "█" in shown[0]  # the QR code
    assert "█" not in shown[1]
    assert (tmp_path / "web-login.json").stat().st_mode & 0o777 == 0o600
    token = subprocess.run(
        [EXECUTABLE, "web", "--new-token"],
        env={**os.environ, "STATE_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    port = free_port()
    with started(tmp_path, "web", "--log", str(log), "--bind", f"0.0.0.0:{port}"):
        wait_until(lambda: get(port, "/healthz")[0] == 200)
        assert get(port, "/api/v1/status", Authorization=f"Bearer {token}")[0] == 200


@pytest.mark.parametrize("how", ["option", "credential"])
def test_a_password_from_a_file_or_a_credential_is_wanted_on_this_machine_as_well(
    log: Path, tmp_path: Path, how: str
) -> None:
    (tmp_path / "web-password").write_text("a secret\n")
    given = ["--web-password-file", str(tmp_path / "web-password")] if how == "option" else []
    environ = {} if given else {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    port = free_port()
    with started(tmp_path, "web", "--log", str(log), "--bind", str(port), *given, **environ):
        wait_until(lambda: get(port, "/healthz")[0] == 200)
        assert get(port, "/readings")[0] == 401
    assert not (tmp_path / "web-login.json").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["web", "--bind", "8080:x"], 2, "is not an address for the web page"),
        (["web", "--bind", "192.0.2.1:8080"], 1, "this machine has no such address"),
        (["web", "--log", "none.db"], 1, "there is no log at"),
        (["web", "--web-cert", "none.pem"], 2, "none.pem cannot be read (No such file or directory)"),
        (["run", "--source", "demo:", "--web", "8080", "--web-key", "none.key"], 2, "is the key of no certificate"),
        (["run", "--source", "demo:", "--web", "http://x"], 2, "is not an address for the web page"),
        (
            ["run", "--source", "demo:", "--web", "8080", "--web-password-file", "none"],
            2,
            "the password cannot be read",
        ),
    ],
)
def test_a_mistake_is_one_line(log: Path, tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    with started(tmp_path, *arguments) as process:
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == code
    assert message in err
    assert err.count("\n") == 1


def test_a_port_in_use_is_one_line(log: Path, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = str(server.getsockname()[1])
        with started(tmp_path, "web", "--log", str(log), "--bind", port) as process:
            _, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert "another program listens there; choose another port" in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_options_that_had_not_proved_themselves_are_undone_at_the_next_start(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('roi = "9000,0,10,10"\n')
    (tmp_path / "config.toml.before").write_text("# before\n")
    source = ("--source", "demo:", "--frames", "2", "--no-log", "--no-dashboard")
    with started(tmp_path, "run", *source, "--config", str(config)) as process:
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    assert "had not proved themselves: those before are in use again\n" in err
    assert config.read_text() == "# before\n"


@contextmanager
def still_camera(width: int) -> Iterator[str]:
    """A camera in the network that gives a picture for each request; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            noise = np.random.default_rng().integers(0, 256, (48, width, 3), dtype=np.uint8)
            jpeg = cv2.imencode(".jpg", noise)[1].tobytes()
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(jpeg)))
            self.end_headers()
            self.wfile.write(jpeg)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/snap.jpg"
        server.shutdown()


@pytest.mark.slow
def test_a_run_changes_to_another_camera_and_goes_back_if_an_option_is_wrong(tmp_path: Path) -> None:
    port, config = free_port(), tmp_path / "config.toml"
    (tmp_path / "password").write_text("a secret\n")
    token = make_token(tmp_path / "web-login.json")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def configuration() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(get(port, "/api/v1/configuration", **headers)[1])
        return found

    def change(**options: object) -> str:
        body = json.dumps({"version": configuration()["version"], "options": options}).encode()
        with urlopen(
            Request(f"http://127.0.0.1:{port}/api/v1/configuration", body, headers, method="PATCH"), timeout=60
        ) as answer:
            assert answer.status == 202
        wait_until(lambda: configuration()["change"]["state"] != "checking")
        return str(configuration()["change"]["text"])

    def shown_width() -> int:
        request = Request(f"http://127.0.0.1:{port}/frame.jpg?layers=", headers=headers)
        with urlopen(request, timeout=60) as answer:
            image = cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR)
        return 0 if image is None else int(image.shape[1])

    with still_camera(64) as first, still_camera(96) as second:
        config.write_text(f"source = '{first}'\n")
        arguments = ("--config", str(config), "--no-log", "--no-dashboard", "--web", str(port))
        with started(tmp_path, "run", *arguments, "--web-password-file", str(tmp_path / "password")):
            wait_until(lambda: get(port, "/frame.jpg", **headers)[0] == 200)
            assert shown_width() == 64
            assert change(source=second) == "Saved, and in use."
            wait_until(lambda: shown_width() == 96)
            assert second in json.loads(get(port, "/api/v1/status", **headers)[1])["live"]["source"]
            assert "--control is for a camera of this machine" in change(control="gain=1")
            assert config.read_text() == f'source = "{second}"\n'
            wait_until(lambda: not json.loads(get(port, "/api/v1/status", **headers)[1])["live"]["outage"])
            assert "source cannot change while the agent reads this source" in change(source="demo:")
            assert config.read_text() == f'source = "{second}"\n'
            wait_until(lambda: shown_width() == 96)


@pytest.mark.slow
def test_a_run_shows_its_picture_and_its_readings(tmp_path: Path) -> None:
    port = free_port()
    arguments = ("run", "--source", "demo:", "--json", "--web", str(port), "--every", "0.05")
    with started(tmp_path, *arguments) as process:
        wait_until(lambda: get(port, "/frame.jpg")[0] == 200)
        wait_until(lambda: json.loads(get(port, "/api/v1/status")[1])["live"]["readings"] > 0)
        assert get(port, "/")[0] == 200
        options = {one["name"]: one for one in json.loads(get(port, "/api/v1/configuration")[1])["options"]}
        assert (options["every"]["value"], options["every"]["origin"]) == (0.05, "command line")
        assert options["keep-pictures"]["value"] == "unsure"
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert f"the web page: http://127.0.0.1:{port}/" in err


def test_nothing_of_the_page_is_imported_without_it() -> None:
    code = (
        "import sys, agent, agent.run, agent.cli.app, agent.cli.run\n"
        f"print([name for name in sys.modules if name.startswith({WEB_MODULES!r})])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_run_without_the_page_imports_nothing_of_it(tmp_path: Path) -> None:
    """It is asked of a real run, by Python's own list of imports."""
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", EXECUTABLE, "run", "--source", "demo:", "--frames", "3", "--no-log"],
        env={**os.environ, "STATE_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines() if "import time:" in line}
    assert "agent.live.loop" in imported
    assert not {name for name in imported if name.startswith(WEB_MODULES)}
