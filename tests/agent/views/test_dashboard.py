"""The dashboard in a real terminal: a pseudo-terminal whose other end is this test."""

from __future__ import annotations

import json
import os
import pty
import select
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from agent.events import FrameEvent, RunInfo
from agent.views.dashboard import QUIT, Command, Dashboard

MakeEvent = Callable[..., FrameEvent]
TIMEOUT_S = 60


@dataclass
class Session:
    """A dashboard in a terminal of 80 × 24 cells, and the person in front of it."""

    info: RunInfo
    folder: Path
    calls: list[str] = field(default_factory=list)
    shown: bytes = b""

    def start(self, *, keyboard: bool = True) -> None:
        self.person, self.terminal = pty.openpty()
        self.before = termios.tcgetattr(self.terminal)
        self.file = os.fdopen(os.dup(self.terminal), "w")
        console = Console(file=self.file, force_terminal=True, width=80, height=24, _environ={"TERM": "xterm"})
        commands = {key: self._command(key) for key in (QUIT, "p")}
        descriptor = self.terminal if keyboard else None
        self.dashboard = Dashboard(
            lambda: self.info, console, commands, keyboard=descriptor, folder=self.folder, period_s=0.01
        )
        self.wait_for_text("label of q" if keyboard else "Ctrl-C stops the run")

    def close(self) -> None:
        """Close the dashboard and the terminal."""
        self.dashboard.close()
        with suppress(OSError):  # the test has closed the person's end
            self.file.close()
        for descriptor in (self.terminal, self.person):
            with suppress(OSError):
                os.close(descriptor)

    def _command(self, key: str) -> Command:
        return Command(f"label of {key}", f"explanation of {key}", lambda: self.calls.append(key))

    def wait_for(self, met: Callable[[], bool]) -> None:
        """Read the screen until a condition is met."""
        end_s = time.monotonic() + TIMEOUT_S
        while not met():
            assert time.monotonic() < end_s, self.shown[-2000:].decode(errors="replace")
            if select.select([self.person], [], [], 0.01)[0]:
                self.shown += os.read(self.person, 65536)

    def wait_for_text(self, text: str) -> None:
        self.wait_for(lambda: text.encode() in self.shown)


@pytest.fixture
def session(info: RunInfo, tmp_path: Path) -> Iterator[Session]:
    session = Session(info, tmp_path)
    yield session
    session.close()


@pytest.mark.parametrize(
    ("typed", "calls"),
    [
        ("q", ["q"]),
        ("Q", ["q"]),
        ("ppq", ["p", "p", "q"]),
        ("xyz\t\r .:é日", []),
        ("\x1b[A", []),
        ("\x1bOP", []),
        ("\x1b", []),
        (b"\xff\xfe", []),
    ],
)
def test_each_key_has_its_effect_and_any_other_has_none(typed: str | bytes, calls: list[str], session: Session) -> None:
    session.start()
    os.write(session.person, typed if isinstance(typed, bytes) else typed.encode())
    session.wait_for(lambda: not select.select([session.terminal], [], [], 0)[0])
    os.write(session.person, b"p")
    session.wait_for(lambda: session.calls == [*calls, "p"])


def test_what_is_typed_is_not_shown_and_the_terminal_is_restored(session: Session) -> None:
    session.start()
    os.write(session.person, b"WWWp")
    session.wait_for(lambda: session.calls == ["p"])
    session.dashboard.close()
    session.wait_for_text("\x1b[?1049l")
    assert b"W" not in session.shown
    assert session.shown.index(b"\x1b[?1049h") < session.shown.index(b"\x1b[?25h") < session.shown.index(b"\x1b[?1049l")
    assert termios.tcgetattr(session.terminal) == session.before


def test_help_explains_every_key(session: Session) -> None:
    session.start()
    os.write(session.person, b"?")
    session.wait_for_text("explanation of p")
    session.wait_for_text("Ctrl-Z")
    os.write(session.person, b"?")
    session.wait_for(lambda: session.shown.rindex(b"waiting for the first") > session.shown.rindex(b"explanation of p"))


def test_a_frame_is_saved_with_its_readings(session: Session, make_event: MakeEvent) -> None:
    session.start()
    os.write(session.person, b"s")
    session.wait_for_text("there is no frame yet")
    event = make_event("561247", 17)
    session.dashboard.take(event)
    os.write(session.person, b"s")
    session.wait_for_text(" saved /")
    picture, text = sorted(session.folder.iterdir(), reverse=True)
    assert picture.name.endswith("-17.png")
    assert text.name == f"{picture.stem}.json"
    np.testing.assert_array_equal(cv2.imread(str(picture)), event.image)
    assert json.loads(text.read_text())["readings"][0]["text"] == "561247"


def test_a_folder_that_cannot_be_written_is_named(session: Session, make_event: MakeEvent) -> None:
    (session.folder / "file").touch()
    session.folder /= "file/below"
    session.start()
    session.dashboard.take(make_event("7"))
    os.write(session.person, b"s")
    session.wait_for_text("not saved (Not a directory)")


def test_without_a_keyboard_no_key_is_offered(session: Session) -> None:
    session.start(keyboard=False)
    assert b"label of q" not in session.shown


def test_a_terminal_that_is_closed_stops_the_run(session: Session) -> None:
    session.start()
    os.close(session.person)
    end_s = time.monotonic() + TIMEOUT_S
    while session.calls != ["q"]:
        assert time.monotonic() < end_s
        time.sleep(0.01)
