"""No secret of a source is in anything that the agent prints, shows or keeps."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agent.capture.address import StreamOptions
from agent.capture.opener import open_source
from agent.capture.uri import parse_source
from profiles.errors import DigitAgentError
from tests.agent.capture.camera_server import Visit, camera_server, encoded

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))
TIMEOUT_S = 600
FORMS = [
    "http://admin:S3CR@{place}/snap.jpg",
    "HTTP://admin:S3CR@{place}/snap.jpg",
    "http://S3CRTOKEN@{place}/snap.jpg",
    "http://admin:a%40%2FS3CR@{place}/snap.jpg",
    "http://admin:p@S3CR@{place}/snap.jpg",
    "http://admin:p:S3CR@{place}/snap.jpg",
    "http://admin:p/S3CR@{place}/snap.jpg",
    "http://admin:p#S3CR@{place}/snap.jpg",
    "http://admin:p?S3CR@{place}/snap.jpg",
    "http://{place}/snap.cgi?user=admin&password=S3CR",
    "http://{place}/snap.cgi?usr=admin&pwd=S3CR&channel=1",
    "http://{place}/snap.cgi?token=S3CR",
    "http://{place}/snap.cgi?key=S3CR",
    "http://{place}/snap.cgi?S3CRTOKEN",
    "http://{place}/user=admin_password=S3CR_channel=1",
    "http://{place}/snap.jpg#S3CR",
    "https://admin:S3CR@{place}/snap.jpg",
    "rtsp://{place}/user=admin_password=S3CR_channel=1",
    "rtsp://admin:S3CR@{place}/live",
    "rtsp://admin:S3CR@",
    "rtmp://admin:S3CR@{place}/live",
    "admin:S3CR@{place}/snap.jpg",
    "S3CRTOKEN:@{place}/snap.jpg",
    "http//admin:S3CR@{place}/snap.jpg",
    "{place}/snap.jpg?password=S3CR",
    "http://admin:S3CR/snap.jpg",
    "http://admin:S3CR@{place}:99999/snap.jpg",
    "http://admin:S3CR@[::1/snap.jpg",
    "http://admin:S3CR@camera.invalid/snap.jpg?token=S3CR",
    "csi://admin:S3CR@camera",
    "demo:?password=S3CR",
]


def closed_place() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("form", FORMS)
def test_neither_the_title_nor_an_error_of_a_source_has_a_secret(form: str) -> None:
    with pytest.raises(DigitAgentError) as caught:  # noqa: PT012 (either of the two steps fails)
        spec = parse_source(form.format(place=closed_place()), StreamOptions(patience_s=1))
        assert "S3CR" not in f"{spec!r}{getattr(spec, 'title', '')}{spec.uri}"
        open_source(spec)
    assert "S3CR" not in f"{caught.value!r} {caught.value}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "works"),
    [
        ("http://admin:S3CR@{place}/snap.cgi?usr=admin&pwd=S3CR&channel=1", True),
        ("http://admin:p/S3CR@{place}/snap.cgi", False),
    ],
)
def test_no_output_of_a_command_has_a_secret(form: str, works: bool, linear: Any, tmp_path: Path) -> None:
    def behave(visit: Visit) -> None:
        if "authorization" in visit.request.headers and "S3CR" in visit.request.target:
            visit.answer("200 OK", body=encoded(len(camera.requests) % 8))
        else:
            visit.answer("401 No", 'WWW-Authenticate: Basic realm="cam"')

    linear.write(tmp_path / "artifacts", linear.artifact("linear-int8.tflite"))
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "TERM": "xterm-256color"}
    config, log, picture = tmp_path / "config.toml", tmp_path / "agent.db", tmp_path / "dashboard.svg"

    def command(*words: str) -> str:
        """Run a command and return all that it wrote to its outputs; its exit code may be any of a user's error."""
        done = subprocess.run(
            [EXECUTABLE, *words], env=environ, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        assert done.returncode in {0, 1, 2}
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    with camera_server(behave) as camera:
        source = form.format(place=camera.place)
        config.write_text(f"source = {json.dumps(source)}\nartifacts = {json.dumps(str(tmp_path / 'artifacts'))}\n")
        run = ("run", "--config", str(config), "--log", str(log), "--every", "0.05", "--frames", "3")
        shown = {
            "lines": command(*run, "--no-dashboard"),
            "JSON": command(*run, "--json"),
            "dashboard": _in_a_terminal([*run, "--screenshot", str(picture)], environ),
        }
        assert bool(camera.requests) == works
    shown |= {
        "unreachable": command(*run, "--no-dashboard"),
        "stats": command("stats", str(log), "--csv"),
        "show": command("config", "show", "--config", str(config)),
        "show as JSON": command("config", "show", "--config", str(config), "--json"),
        "check": command("config", "check", str(config)),
    }
    if not works:  # the doctor is slow, and has nothing to do with the camera
        shown["doctor"] = command("doctor", "--config", str(config), "--json")
    config.write_text(f"source = {source}\n")  # without quotes
    shown["no TOML"] = command("config", "check", str(config))
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path != config]
    shown |= {str(path): path.read_bytes().decode("latin-1") for path in kept}
    assert {name for name, text in shown.items() if "S3CR" in text} == set()
    assert all(shown.values())
    if works:
        title = f"http://***@{camera.place}/snap.cgi?usr=***&pwd=***&channel=1"
        assert title in shown["show"].replace("\n", "") + shown["show as JSON"]
        assert title in shown["unreachable"]
        assert str(log) in shown
        assert str(picture) in shown


def _in_a_terminal(words: list[str], environ: dict[str, str]) -> str:
    """Run a command in a terminal and return what it shows."""
    reader, terminal = pty.openpty()
    with subprocess.Popen(
        [EXECUTABLE, *words], env=environ, stdin=terminal, stdout=terminal, stderr=terminal
    ) as process:
        os.close(terminal)
        shown, deadline = b"", time.monotonic() + TIMEOUT_S
        try:
            while time.monotonic() < deadline and (data := os.read(reader, 65536)):
                shown += data
        except OSError:  # the terminal was closed at its end
            pass
        finally:
            process.kill()
            os.close(reader)
    return shown.decode(errors="replace")
