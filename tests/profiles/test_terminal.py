"""Exit of commands, tested from outside: with real child processes, a real pipe and a device that is always full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, time
import typer
from rich.console import Console
from profiles.errors import DatasetError, UsageError
from profiles.terminal import run_app

signal.signal(signal.SIGINT, signal.default_int_handler)  # the parent of the tests may ignore it
app = typer.Typer(pretty_exceptions_enable=False)

@app.command()
def command() -> None:
    {body}

def load() -> typer.Typer:
    {load}
    return app

run_app(load, "digit-test")
"""
COMMANDS = (("digit-agent", "--help"), ("digit-convert",), ("digit-convert", "targets"))
"""Commands that write to stdout with Typer's help, Typer's echo and Rich's console."""


def program(body: str, load: str = "pass") -> list[str]:
    return [sys.executable, "-c", PROGRAM.format(body=body, load=load)]


def executable(name: str, *argv: str) -> list[str]:
    return [str(Path(sys.executable).with_name(name)), *argv]


@pytest.mark.slow
def test_a_thread_that_was_left_behind_in_a_library_does_not_abort_the_end() -> None:
    """The threads return from OpenCV all the time, also while the interpreter ends; without care that aborts it."""
    body = """import atexit, cv2, numpy, threading
    def work():
        image = numpy.zeros((50, 50), numpy.uint8)
        while True:
            cv2.GaussianBlur(image, (5, 5), 2)
    for _ in range(6):
        threading.Thread(target=work, daemon=True).start()
    atexit.register(print, "cleaned up")
    print("done")"""
    for _ in range(3):
        done = subprocess.run(program(body), capture_output=True, text=True, timeout=180, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "done\ncleaned up\n", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "code", "stderr"),
    [
        ("pass", 0, ""),
        (
            "raise DatasetError('no images', advice='fetch them')",
            1,
            "digit-test: no images; fetch them\n",
        ),
        ("raise UsageError('no such seed', advice='give a number')", 2, "digit-test: no such seed; give a number\n"),
        ("raise typer.Exit(1)", 1, ""),
    ],
)
def test_error_that_a_user_can_cause_is_one_line(body: str, code: int, stderr: str) -> None:
    done = subprocess.run(program(body), capture_output=True, text=True, timeout=180, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", stderr)


@pytest.mark.slow
def test_bug_keeps_its_traceback() -> None:
    done = subprocess.run(program("[][0]"), capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("IndexError: list index out of range\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=lambda value: getattr(value, "name", "")
)
@pytest.mark.parametrize("where", ["load", "body"])
def test_signal_runs_cleanup_and_sets_the_exit_code(where: str, number: signal.Signals, code: int) -> None:
    wait = "\n    try:\n        typer.echo('ready'); time.sleep(60)\n    finally:\n        typer.echo('undone')"
    command = program(**{"body": "pass", where: wait})
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(number)
        out, stderr = child.communicate(timeout=180)
    assert (child.returncode, out, stderr) == (code, b"undone\n", b"")


LOST: dict[str, str] = {
    "in a callback": """
    class Closing:
        def __del__(self):
            signal.raise_signal(signal.{0})
    Closing()""",
    "in a library with a bare except": """
    try:
        signal.raise_signal(signal.{0})
    except:
        pass""",
    "in a library that makes another error of it": """
    try:
        try:
            signal.raise_signal(signal.{0})
        except BaseException as error:
            raise ImportError("initialization failed") from error
    except Exception:
        pass""",
}


@pytest.mark.slow
@pytest.mark.parametrize("place", LOST.values(), ids=LOST)
@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_ends_the_command_even_if_its_exception_gets_lost(place: str, number: str, code: int) -> None:
    body = f"{place.format(number)}\n    time.sleep(60)"
    done = subprocess.run(program(body), capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr.partition("Exception ignored")[0]


def test_a_console_without_a_size_has_80_columns() -> None:
    command = program("print(Console().width); Console().print('5')")
    environ = {**os.environ, "COLUMNS": "0", "LINES": "0"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=environ)
    assert (done.stdout, done.stderr) == ("80\n5\n", "")


@pytest.mark.slow
def test_stdout_replaces_characters_that_it_cannot_encode() -> None:
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = program("print('5 µs ✓'); print(os.fsdecode(b'\\xff'))")
    done = subprocess.run(command, capture_output=True, timeout=180, check=False, env=environ)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"5 ?s ?\n?\n", b"")


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_output_to_a_closed_stream_does_not_reach_another_file(closed: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    body = f"\n    with open({str(file)!r}, 'w') as file:"
    body += "\n        file.write('mine'); file.flush(); os.system('echo theirs; echo theirs >&2')"
    command = ["bash", "-c", f'"$@" {closed}', "bash", *program(body)]
    done = subprocess.run(command, capture_output=True, timeout=180, check=False)
    assert (done.returncode, file.read_text()) == (0, "mine")


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "while True: typer.echo('line')",
        "while True: print('line')",
        "while True: Console().print('line')",
        "\n    with Console().status(''):\n        while True: typer.echo('line')",
    ],
)
def test_closed_pipe_ends_the_command_with_0(body: str) -> None:
    with subprocess.Popen(program(body), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == b"line\n"
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_pipe_that_is_closed_from_the_start_gives_exit_code_0(argv: tuple[str, ...]) -> None:
    with subprocess.Popen(executable(*argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (program("raise DatasetError('no images', advice='fetch them')"), 1),
        (program("raise UsageError('no such seed', advice='give a number')"), 2),
        (program("print('a')"), 0),
        (program("Console(stderr=True).print('a')"), 0),
    ],
)
def test_an_error_that_nobody_reads_keeps_its_exit_code(argv: list[str], code: int) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(argv, stdout=writer, stderr=writer, timeout=180, check=False)
    os.close(writer)
    assert done.returncode == code


@pytest.mark.slow
@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_full_disk_is_one_line(argv: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(executable(*argv), stdout=full, stderr=subprocess.PIPE, timeout=180, check=False)
    assert done.returncode == 1
    message = "output: No space left on device; free space or choose another place"
    assert done.stderr.decode() == f"{argv[0]}: {message}\n"


@pytest.mark.slow
@pytest.mark.parametrize("into_journal", [False, True])
def test_error_has_its_priority_in_the_journal(tmp_path: Path, *, into_journal: bool) -> None:
    argv = program("raise DatasetError('it is damaged')")
    with (tmp_path / "journal").open("w+") as journal:
        stat = os.fstat(journal.fileno())
        stream = f"{stat.st_dev}:{stat.st_ino if into_journal else stat.st_ino + 1}"
        subprocess.run(argv, stderr=journal, env={**os.environ, "JOURNAL_STREAM": stream}, timeout=180, check=False)
        journal.seek(0)
        assert journal.read() == f"{'<3>' if into_journal else ''}digit-test: it is damaged\n"
