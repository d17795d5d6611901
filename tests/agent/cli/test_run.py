from __future__ import annotations

import ast
import json
import os
import pty
import re
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from agent.events import LATENCY_STAGES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))
CHOICE = "looking for the best net: "
"""Start of the lines of a first start that is not on a terminal."""
ENDLESS = "demo:?frames=1000000&fps=20"


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory, linear: Any) -> Path:
    """Return a folder with a small artifact that runs everywhere and reads nothing as a digit."""
    folder = tmp_path_factory.mktemp("artifacts")
    linear.write(folder, linear.artifact("linear-int8.tflite"))
    return folder


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a user with a temporary home, so that the best net is measured once for all tests."""
    home = tmp_path_factory.mktemp("home")
    unwanted = ("NOTIFY_SOCKET", "STATE_DIRECTORY", "CACHE_DIRECTORY", "FORCE_COLOR", "NO_COLOR", "XDG_CACHE_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "TERM": "xterm-256color"}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder with two pictures of a stroke, and one that is cut off."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    image = np.full((60, 80, 3), 220, np.uint8)
    image[10:50, 38:42] = 30
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        cv2.imwrite(str(folder / name), image)
    (folder / "2.jpg").write_bytes((folder / "2.jpg").read_bytes()[:400])
    return folder


def run(environ: dict[str, str], *argv: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command; its stderr is without the progress of the first choice."""
    done = run_first(environ, *argv)
    lines = done.stderr.splitlines(keepends=True)
    done.stderr = "".join(line for line in lines if not line.startswith(CHOICE))
    return done


def run_first(environ: dict[str, str], *argv: str | Path) -> subprocess.CompletedProcess[str]:
    command = [EXECUTABLE, "run", *map(str, argv)]
    return subprocess.run(command, capture_output=True, text=True, timeout=360, check=False, env=environ)


def test_a_folder_is_read_to_the_end_and_logged(
    artifacts: Path, environ: dict[str, str], pictures: Path, tmp_path: Path
) -> None:
    log = tmp_path / "new" / "log.db"
    done = run(environ, "--source", pictures, "--artifacts", artifacts, "--log", log)
    assert done.returncode == 1
    assert "2 in " in done.stdout
    assert "linear-int8.tflite in " in done.stdout
    assert "power" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    first, last = done.stderr.splitlines()
    assert f"{pictures / '2.jpg'} is cut off" in first
    failed = "1 could not be read, see the warnings above; copy them again or remove them"
    assert last == f"digit-agent: {pictures}, 3 pictures: {failed}"
    with closing(sqlite3.connect(log)) as connection:
        assert connection.execute("SELECT frames, ended FROM runs").fetchall() == [(2, 1)]
        assert "is cut off" in connection.execute("SELECT text FROM faults").fetchone()[0]


def test_the_shipped_artifacts_read_the_demo(environ: dict[str, str], tmp_path: Path) -> None:
    """It is also the command of `make picture`: the picture of the README must show what the dashboard shows today."""
    picture = tmp_path / "dashboard.svg"
    done = run_first(environ, "--source", "demo:", "--no-log", "--no-dashboard", "--screenshot", picture)
    assert done.returncode == 0
    assert done.stderr.startswith(f"{CHOICE}trying "), "the first start measures, and says so"
    assert all(line.startswith(CHOICE) for line in done.stderr.splitlines())
    accuracy = re.search(r"accuracy +([\d.]+)%: [\d,]+ of ([\d,]+) digits read correctly", done.stdout)
    assert accuracy, done.stdout
    assert float(accuracy[1]) >= 98
    assert int(accuracy[2].replace(",", "")) > 1000
    assert own_words(picture) == own_words(ROOT / "docs/dashboard.svg"), "run `make picture`"


def test_rare_looks_at_a_recording_are_independent(environ: dict[str, str]) -> None:
    done = run(environ, "--source", "demo:?frames=310", "--every", "10", "--json", "--no-log")
    assert done.returncode == 0, done.stderr
    assert {json.loads(line)["frame"] for line in done.stdout.splitlines()} == {0, 1}


def own_words(picture: Path) -> set[str]:
    """Return the words in a picture of the dashboard that its code writes, without those about sensors.

    The other words, the figures and the sensors depend on the machine.
    """
    tree = ast.parse((ROOT / "agent/views/panels.py").read_text())
    literals = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    labels = {*LATENCY_STAGES, *(text.strip() for text in literals if len(text.split()) <= 2)}
    content = "".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture.read_text())).replace("&#160;", " ")
    return {word for word in re.findall(r"[a-z]{3,}", content) if word in labels}


def test_with_json_stdout_has_only_readings(artifacts: Path, environ: dict[str, str], tmp_path: Path) -> None:
    done = run(environ, "--source", "demo:", "--frames", "3", "--artifacts", artifacts, "--json", "--no-log")
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        json.loads(line)
    assert "3 in " in done.stderr
    assert not Path(environ["XDG_STATE_HOME"]).exists()


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["--camera", "0", "--source", "demo:"], 2, "--camera and --source"),
        (["--log", "x.db", "--no-log"], 2, "--log and --no-log"),
        (["--source", "nothing-like-this"], 2, "nothing-like-this"),
        (["--camera", "/dev/video99"], 1, "/dev/video99"),
        (["--source", "demo:", "--artifacts", "/nowhere"], 1, "/nowhere"),
        (["--source", ""], 2, "no source was named"),
        (["--source", "{folder}"], 1, "no picture in the folder"),
        (["--source", "{folder}/pictures/2.jpg", "--artifacts", "{artifacts}"], 1, "2.jpg is cut off"),
    ],
)
def test_an_error_at_the_start_is_one_line(
    *, argv: list[str], code: int, message: str, artifacts: Path, environ: dict[str, str], pictures: Path
) -> None:
    words = [word.format(folder=pictures.parent, artifacts=artifacts) for word in argv]
    done = run(environ, *words, "--no-dashboard")
    assert done.returncode == code
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("digit-agent: ")
    assert message in line


def test_a_log_that_cannot_be_written_does_not_stop_the_run(artifacts: Path, environ: dict[str, str]) -> None:
    argv = ["--source", "demo:", "--seconds", "0.5", "--log", "/proc/nowhere/agent.db"]
    done = run(environ, *argv, "--artifacts", artifacts)
    assert done.returncode == 0
    (complaint,) = done.stderr.splitlines()
    assert "logging to /proc/nowhere/agent.db stopped" in complaint


@pytest.fixture
def service_manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Return the socket that receives the messages to systemd."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(180)
        yield manager


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_with_its_summary(
    number: signal.Signals, artifacts: Path, environ: dict[str, str], service_manager: socket.socket, tmp_path: Path
) -> None:
    systemd = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "STATE_DIRECTORY": str(tmp_path / "state")}
    command = [EXECUTABLE, "run", "--source", ENDLESS, "--artifacts", str(artifacts)]
    with subprocess.Popen(
        command, env={**environ, **systemd}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        first = service_manager.recv(4096).decode().splitlines()
        process.send_signal(number)
        out, complaints = process.communicate(timeout=180)
    assert first[:2] == ["READY=1", "WATCHDOG=1"]
    assert first[2].startswith("STATUS=0 numbers read in 1 frames")
    messages = [service_manager.recv(4096).decode()]
    while messages[-1] != "STOPPING=1":
        messages.append(service_manager.recv(4096).decode())
    assert process.returncode == 0
    assert b"frames" in out
    assert complaints == b""
    assert (tmp_path / "state" / "agent.db").exists()


def test_a_terminal_shows_the_dashboard_and_is_restored(artifacts: Path, environ: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    command = [EXECUTABLE, "run", "--source", ENDLESS, "--artifacts", str(artifacts), "--no-log"]
    sized = {**environ, "COLUMNS": "80", "LINES": "24"}
    with subprocess.Popen(command, env=sized, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = read_until(ours, "latency", "▀")
        process.send_signal(signal.SIGINT)
        shown += read_until(ours)
        os.close(ours)
    assert process.returncode == 0
    before, _, rest = shown.partition("\x1b[?1049h")
    screen, _, after = rest.partition("\x1b[?1049l")
    assert "latency" in screen
    assert "▀" in screen
    assert "\x1b[?25h" in screen + after, "the cursor is visible again"
    assert "frames" in after
    assert "latency" not in before


def read_until(terminal: int, *texts: str, timeout_s: float = 180) -> str:
    """Return what a child process writes to its terminal until all texts have come; without texts, until it ends."""
    content, end = b"", time.monotonic() + timeout_s
    while not texts or not all(text.encode() in content for text in texts):
        assert time.monotonic() < end, content
        if select.select([terminal], [], [], 1)[0]:
            try:
                content += os.read(terminal, 65536)
            except OSError:  # EIO: the child has closed the terminal
                break
    return content.decode(errors="replace")


def test_a_closed_pipe_ends_the_run_without_an_error(artifacts: Path, environ: dict[str, str]) -> None:
    command = f"'{EXECUTABLE}' run --source demo: --frames 2 --artifacts '{artifacts}' --no-log | true"
    script = f"{command}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=180, check=False, env=environ)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_dashboard_can_be_saved_as_svg(artifacts: Path, environ: dict[str, str], tmp_path: Path) -> None:
    picture = tmp_path / "dashboard.svg"
    done = run(
        environ, "--source", "demo:", "--frames", "2", "--artifacts", artifacts, "--screenshot", picture, "--no-log"
    )
    assert done.returncode == 0, done.stderr
    assert picture.read_text().startswith("<svg")
    assert "linear-int8.tflite" in picture.read_text()
