from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXECUTABLE = Path(sys.executable).with_name("digit-agent")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text('# the gate\nsource = "rtsp://gate:S3CR@camera.local/stream"\nwidth = 1280\n')
    return path


def config(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(EXECUTABLE), "config", *map(str, argv)]
    environ = {**os.environ, "COLUMNS": "300"}
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=environ)


def test_show_prints_each_value_and_its_origin(file: Path) -> None:
    done = config("show", "--config", file, "--", "--height", "900", "--no-log")
    assert done.returncode == 0, done.stderr
    assert "S3CR" not in done.stdout
    words = [line.split() for line in done.stdout.replace(str(file), "FILE").splitlines()]
    assert ["width", "1280", "FILE:3"] in words
    assert ["height", "900", "command", "line"] in words
    assert ["log", "–", "command", "line"] in words
    assert ["json", "false", "default"] in words


def test_show_prints_json(file: Path) -> None:
    done = config("show", "--config", file, "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert rows["source"] == {"value": "rtsp://***@camera.local/stream", "from": f"{file}:2"}
    assert rows["width"] == {"value": 1280, "from": f"{file}:3"}
    assert rows["frames"] == {"value": None, "from": "default"}


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([], "brightness=3 FILE:4"),
        (["--", "--control", "gain=1", "--control", "focus_absolute=2"], "gain=1,focus_absolute=2 command line"),
    ],
)
def test_show_prints_the_controls_of_the_camera(file: Path, words: list[str], shown: str) -> None:
    file.write_text(f'{file.read_text()}control = "brightness=3"\n')
    done = config("show", "--config", file, *words)
    assert ["control", *shown.replace("FILE", str(file)).split()] in [line.split() for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--width", "0"], ["--widht", "9"], ["--camera", "0", "--source", "1"]])
def test_show_refuses_the_options_that_run_refuses(file: Path, words: list[str]) -> None:
    done = config("show", "--config", file, "--", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_check_accepts_a_valid_file(file: Path) -> None:
    done = config("check", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{file} is valid; it sets source, width\n", "")


def test_check_reports_every_mistake_with_its_line(file: Path) -> None:
    file.write_text('widht = 9\nsource = "rstp://camera.local/stream"\njson = 1\n')
    done = config("check", file)
    assert (done.returncode, done.stderr) == (1, "")
    first, second, third = done.stdout.splitlines()
    assert first == f"{file}:1: there is no option 'widht'; did you mean width?"
    assert second.startswith(f"{file}:2: 'rstp://camera.local/stream' is not a source")
    assert third == f"{file}:3: json must be true or false, not a whole number"


def test_check_reports_a_file_where_a_folder_belongs_and_the_reverse(file: Path) -> None:
    file.write_text('log = "."\nartifacts = "config.toml"\npassword-file = "/etc"\n')
    done = config("check", file)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        f"{file}:1: log is a file, but {file.parent} is a folder; name {file.parent}/agent.db",
        f"{file}:2: artifacts is a folder, but {file} is a file",
        f"{file}:3: password-file is a file, but /etc is a folder",
    ]


def test_check_reports_a_mistake_in_the_form_that_is_named(file: Path) -> None:
    form = '[form]\nmarks = 0\nsize = [210, 297]\n[[field]]\nname = "a"\nbox = [40, 40, 50, 10]\n'
    (file.parent / "delivery.toml").write_text(form)
    file.write_text('json = true\nform = "delivery.toml"\n')
    assert config("check", file).stdout == f"{file} is valid; it sets json, form\n"
    (file.parent / "delivery.toml").write_text(f'{form}check = "crc"\n')
    done = config("check", file)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{file}:2: {file.parent}/delivery.toml:7: there is no check digit 'crc'; choose")
    (file.parent / "delivery.toml").unlink()
    assert config("check", file).returncode == 0


def test_an_endless_file_is_refused_at_once() -> None:
    done = config("check", "/dev/zero")
    message = "digit-agent: /dev/zero is too large for a configuration file; check its name\n"
    assert (done.returncode, done.stderr) == (1, message)


def test_a_file_may_come_from_a_pipe(file: Path) -> None:
    command = [str(EXECUTABLE), "config", "check", "/dev/stdin"]
    done = subprocess.run(command, input=file.read_bytes(), capture_output=True, timeout=180, check=False)
    assert (done.returncode, done.stdout) == (0, b"/dev/stdin is valid; it sets source, width\n")


def test_check_reports_a_missing_file(tmp_path: Path) -> None:
    done = config("check", tmp_path / "none.toml")
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == f"digit-agent: there is no {tmp_path}/none.toml; name a configuration file, or omit --config\n"
    )
