"""The end of a run by a signal, tested from outside: in real processes, with a pipe that nobody reads."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = """
import signal, sys, threading, time
from ctypes import CDLL, create_string_buffer
from agent.live.stop import stop_on_signal

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
with stop_on_signal(timeout_s={timeout_s}) as stop:
    sys.stderr.write("ready\\n")
    sys.stderr.flush()
    {body}
"""


def start(body: str, timeout_s: float = 600.0, stdout: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROGRAM.format(body=body, timeout_s=timeout_s)]
    process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert process.stderr.readline() == b"ready\n"
    return process


def exit_code(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a process, and close its pipes."""
    with process:
        return process.wait(120)


@contextmanager
def full_pipe() -> Iterator[int]:
    """Give the writing end of a pipe that is full, and that nobody reads."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writer, True)
    try:
        yield writer
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_for_the_end(number: int) -> None:
    process = start("stop.wait(600)")
    process.send_signal(number)
    assert exit_code(process) == 0


def test_the_second_signal_ends_a_run_that_goes_on() -> None:
    process = start("stop.wait(600); sys.stderr.write('stopping\\n'); sys.stderr.flush(); time.sleep(600)")
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    assert process.stderr.readline() == b"stopping\n"
    process.send_signal(signal.SIGTERM)
    assert exit_code(process) == 143


def test_no_flood_of_other_signals_hides_the_wish_to_end() -> None:
    flood = "sys.setswitchinterval(5); [signal.raise_signal(signal.SIGHUP) for _ in range(2000)]"
    handler = "signal.signal(signal.SIGHUP, lambda *_: None)"
    process = start(f"{handler}; {flood}; signal.raise_signal(signal.SIGTERM); stop.wait(600)")
    try:
        assert process.wait(60) == 0
    finally:
        process.kill()
        exit_code(process)


@pytest.mark.parametrize(
    "body",
    [
        "time.sleep(600)",
        "threading.Lock().acquire(); lock = threading.Lock(); lock.acquire(); lock.acquire()",
        "sys.stdout.write('x' * 10**6); sys.stdout.flush()",
        # A driver that no signal interrupts: the interpreter never gets to the handler of the signal.
        "lock, libc = create_string_buffer(64), CDLL(None); [libc.pthread_mutex_lock(lock) for _ in range(2)]",
    ],
)
def test_one_signal_ends_whatever_hangs(body: str) -> None:
    with full_pipe() as writer:
        process = start(body, timeout_s=0.5, stdout=writer)
        process.send_signal(signal.SIGTERM)
        assert exit_code(process) == 0


@pytest.mark.slow
@pytest.mark.parametrize("source", ["demo:?frames=100000&fps=20", "demo:?frames=100000"])
def test_one_signal_ends_a_run_whose_output_nobody_reads(tmp_path: Path, source: str) -> None:
    executable = str(Path(sys.executable).with_name("digit-agent"))
    log = tmp_path / "log.db"
    with full_pipe() as writer:
        command = [executable, "run", "--source", source, "--no-dashboard", "--log", str(log)]
        process = subprocess.Popen(command, stdout=writer, stderr=subprocess.DEVNULL)
        for _ in range(6000):
            if log.exists():
                break
            time.sleep(0.05)
        time.sleep(8)
        process.send_signal(signal.SIGTERM)
        assert exit_code(process) == 0
