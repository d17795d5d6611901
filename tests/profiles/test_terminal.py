"""How commands end, seen from outside: real child processes, a real pipe, a device that is always full."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import signal, time
import typer
from rich.console import Console
from profiles.errors import DatasetError, UsageError
from profiles.terminal import run_app

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started the tests may ignore it
app = typer.Typer(pretty_exceptions_enable=False)

@app.command()
def command() -> None:
    {body}

run_app(app, "digit-test")
"""
COMMANDS = (("digit-agent", "--help"), ("digit-convert",), ("digit-convert", "targets"))
"""They write to stdout with Typer's help, Typer's echo and Rich's console."""


def program(body: str) -> list[str]:
    return [sys.executable, "-c", PROGRAM.format(body=body)]


def executable(name: str, *argv: str) -> list[str]:
    return [str(Path(sys.executable).with_name(name)), *argv]


@pytest.mark.parametrize(
    ("body", "code", "stderr"),
    [
        ("pass", 0, ""),
        ("raise DatasetError('no images in data; fetch them')", 1, "digit-test: no images in data; fetch them\n"),
        ("raise UsageError('no such seed; give a number')", 2, "digit-test: no such seed; give a number\n"),
        ("raise typer.Exit(1)", 1, ""),
    ],
)
def test_what_a_user_can_cause_ends_in_one_line(body: str, code: int, stderr: str) -> None:
    done = subprocess.run(program(body), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", stderr)


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    done = subprocess.run(program("[][0]"), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("IndexError: list index out of range\n")


def test_ctrl_c_is_not_a_failure_of_its_own() -> None:
    command = program("typer.echo('ready'); time.sleep(60)")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGINT)
        out, complaints = child.communicate(timeout=60)
    assert (child.returncode, out, complaints) == (130, b"", b"")


@pytest.mark.parametrize(
    "body",
    [
        "while True: typer.echo('line')",
        "while True: print('line')",
        "while True: Console().print('line')",
        "\n    with Console().status(''):\n        while True: typer.echo('line')",
    ],
)
def test_a_reader_that_has_seen_enough_ends_the_command_well(body: str) -> None:
    with subprocess.Popen(program(body), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == b"line\n"
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 0


@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_a_reader_that_is_gone_from_the_start(argv: tuple[str, ...]) -> None:
    with subprocess.Popen(executable(*argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 0


@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_a_full_disk_is_one_line(argv: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(executable(*argv), stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 1
    complaint = "output: No space left on device; free space or choose another place"
    assert done.stderr.decode() == f"{argv[0]}: {complaint}\n"
