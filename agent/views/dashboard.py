"""The live dashboard: a sink that records events, and a thread that draws them and obeys the keys that are typed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from rich.console import Console

from agent.events import Event, RunInfo, SendingCounts
from agent.views.history import History, Snapshot
from agent.views.panels import Footer, dashboard
from agent.views.saved_frame import save_frame
from agent.views.screen import Screen
from agent.views.terminal import Terminal

PERIOD_S = 0.2
"""Shortest time between the starts of two drawings, in seconds."""
MAX_DRAWING_SHARE = 0.15
"""Maximum share of one core's time that drawing may use; a slow board draws less often."""
JOIN_S = 5.0
"""Time to wait for the drawing thread to end, in seconds."""
NOTICE_S = 5.0
"""Time for which the footer shows the answer to a key, in seconds."""
QUIT = "q"
"""The key that stops the run; the end of the terminal has the same effect."""


@dataclass(frozen=True)
class Command:
    """What a key does."""

    label: str
    """One or two words for the footer."""
    explanation: str
    """A sentence for the help."""
    act: Callable[[], str | None]
    """Returns what the footer answers; None answers nothing."""


class Dashboard:
    """Shows a run on the whole terminal until it is closed.

    `take` only records the event and returns immediately, so the sink needs no queue.

    Args:
        info: returns the current description of the run.
        console: a terminal.
        commands: the commands by their keys. QUIT must be one of them.
        keyboard: file descriptor of the terminal that gives the keys; None if there is none.
        sending: returns the counters of what carries readings off the board; None if nothing does.
        folder: the folder in which frames are saved.
        period_s: shortest time between two drawings, in seconds.
    """

    def __init__(
        self,
        info: Callable[[], RunInfo],
        console: Console,
        commands: Mapping[str, Command],
        *,
        keyboard: int | None = None,
        sending: Callable[[], SendingCounts] | None = None,
        folder: Path = Path(),
        period_s: float = PERIOD_S,
    ) -> None:
        self._info, self._console, self._folder, self._period_s = info, console, folder, period_s
        self._sending = sending
        self._commands = {
            **commands,
            "s": Command("save", "Save the frame as PNG, and its readings as JSON.", self._save),
            "?": Command("help", "Show these lines, or the picture again.", self._toggle_help),
        }
        self._help = False
        self._notice, self._notice_until_s = "", 0.0
        self._lock = threading.Lock()
        self._history = History(time.monotonic_ns())
        self._stop = threading.Event()
        self._terminal = Terminal(console, keyboard)
        self._thread = threading.Thread(target=self._draw_until_gone, name="dashboard", daemon=True)
        self._thread.start()

    def take(self, event: Event) -> None:
        """Record an event; any thread may call this."""
        with self._lock:
            self._history.add(event, datetime.now().astimezone())

    def close(self) -> None:
        """Stop drawing and restore the terminal; a second call has no effect."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._terminal.wake()
        self._thread.join(JOIN_S)
        if not self._thread.is_alive():
            self._terminal.close()

    def snapshot(self) -> Snapshot:
        """Return the current state of the run."""
        with self._lock:
            now = self._history.snapshot(time.monotonic_ns())
        return now if self._sending is None else replace(now, sending=self._sending())

    def _draw_until_gone(self) -> None:
        try:
            self._draw_until_stopped()
        except OSError:  # the terminal is gone, and with it the person who looked
            self._commands[QUIT].act()

    def _draw_until_stopped(self) -> None:
        with self._terminal:
            screen = Screen(self._console)
            while not self._stop.is_set():
                started_s = time.perf_counter()
                screen.paint(dashboard(self._info(), self.snapshot(), *self._console.size, self._footer()))
                took_s = time.perf_counter() - started_s
                keys = self._terminal.wait(max(self._period_s, took_s / MAX_DRAWING_SHARE) - took_s)
                if keys is None:
                    screen = Screen(self._console)
                for key in keys or "":
                    self._obey(key.lower())

    def _obey(self, key: str) -> None:
        if command := self._commands.get(key):
            self._notice, self._notice_until_s = command.act() or "", time.monotonic() + NOTICE_S

    def _footer(self) -> Footer:
        notice = self._notice if time.monotonic() < self._notice_until_s else ""
        keys = {key: (command.label, command.explanation) for key, command in self._commands.items()}
        return Footer(keys if self._terminal.has_keys else {}, notice, show_help=self._help)

    def _toggle_help(self) -> None:
        self._help = not self._help

    def _save(self) -> str:
        event = self.snapshot().frame
        if event is None:
            return "there is no frame yet"
        try:
            return f"saved {save_frame(event, self._folder, datetime.now().astimezone())}"
        except OSError as error:
            return f"not saved ({error.strerror}): {self._folder.absolute()}"
