"""`digit-agent run` in a real shell with job control, in a terminal of its own."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
"""Codes that show the alternate screen, and the normal one again: XTerm Control Sequences."""
TIMEOUT_S = 180


class Shell:
    """A bash in a pseudo-terminal of 80 × 24 cells."""

    def __init__(self, home: Path) -> None:
        self.shown = ""
        self.process, self.terminal = pty.fork()
        if self.process == 0:  # pragma: no cover (the child)
            environ = {"HOME": str(home), "TERM": "xterm-256color", "PATH": os.environ["PATH"], "PS1": "ready> "}
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**environ, "LANG": "C.UTF-8"})
        self.type("stty rows 24 columns 80\n")
        self.wait_for("ready> ")

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def wait_for(self, *texts: str) -> str:
        """Return what is shown from now on until all texts have come, one after another."""
        end_s = time.monotonic() + TIMEOUT_S
        while True:
            at = 0
            for text in texts:
                at = self.shown.find(text, at) + len(text)
                if at < len(text):
                    break
            else:
                seen, self.shown = self.shown[:at], self.shown[at:]
                return seen
            assert time.monotonic() < end_s, f"{texts} did not come: {self.shown}"
            if select.select([self.terminal], [], [], 1)[0]:
                self.shown += os.read(self.terminal, 65536).decode(errors="replace")

    def close(self) -> None:
        os.close(self.terminal)
        with suppress(ProcessLookupError):
            os.killpg(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of the user, so that the best net is measured once for all tests."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def shell(home: Path) -> Iterator[Shell]:
    shell = Shell(home)
    yield shell
    shell.close()


@pytest.fixture(scope="module")
def command(linear: Any, home: Path) -> str:
    """Return a command that runs until somebody stops it."""
    linear.write(home / "artifacts", linear.artifact("linear-int8.tflite"))
    return f"{EXECUTABLE} run --source 'demo:?frames=1000000&fps=20' --artifacts {home}/artifacts --no-log\n"


def test_ctrl_z_returns_the_screen_and_fg_paints_it_again(shell: Shell, command: str) -> None:
    shell.type(command)
    shell.wait_for(ENTER, "latency", "q")
    for _ in range(2):
        shell.type("\x1a")
        shell.wait_for(LEAVE, "Stopped", "ready> ")
        shell.type("stty -a | tr ' ;' '\\n\\n' | grep -x -e echo -e icanon\n")
        shell.wait_for("\necho", "ready> ")
        shell.type("fg\n")
        shell.wait_for(ENTER, "digit-agent", "readings", "latency", "machine", "quit")
    shell.type("q")
    shell.wait_for(LEAVE, "frames", "ready> ")
    shell.type("echo code $?; jobs; echo end\n")
    assert "Stopped" not in shell.wait_for("code 0", "end\r\n")


def test_in_the_background_nothing_is_painted_over_the_shell(shell: Shell, command: str) -> None:
    shell.type(command)
    shell.wait_for(ENTER, "quit")
    shell.type("\x1a")
    shell.wait_for(LEAVE, "Stopped", "ready> ")
    shell.type("bg; until jobs -s | grep run; do sleep 0.2; done; echo waits\n")
    background = shell.wait_for("Stopped", "\r\nwaits", "ready> ")
    assert ENTER not in background
    shell.type("fg\n")
    shell.wait_for(ENTER, "readings", "quit")
    shell.type("q")
    shell.wait_for(LEAVE, "frames", "ready> ")
