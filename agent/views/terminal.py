"""The terminal of the dashboard: its whole screen, the keys that are typed, and Ctrl-Z with `fg`.

One thread draws, reads the keys, and takes and returns the terminal. Signal handlers only wake it: a handler that drew
itself could wait for a lock of the frame that it has interrupted.
"""

from __future__ import annotations

import os
import select
import signal
import termios
import threading
import tty
from contextlib import suppress
from types import FrameType, TracebackType

from rich.console import Console

ESCAPE = b"\x1b"
STOP, CONTINUE, WAKE = b"z", b"c", b"w"
"""Messages to the thread that draws: return the terminal, take it again, look whether the run has ended."""


class Terminal:
    """Gives a thread the whole terminal inside its `with` block, also after Ctrl-Z and `fg`.

    Create it in the main thread, which handles signals; use it in one other thread.

    Args:
        console: the terminal to draw on.
        keyboard: file descriptor of the terminal that gives the keys; None if standard input is not a terminal.
    """

    def __init__(self, console: Console, keyboard: int | None) -> None:
        self._console, self._keyboard = console, keyboard
        self._settings = None if keyboard is None else termios.tcgetattr(keyboard)
        self._messages, self._waker = os.pipe()
        self._main = threading.get_ident()
        self._returned = False
        """Whether the screen was returned, so that the next SIGTSTP may stop the process."""
        self._previous = {
            signal.SIGTSTP: signal.signal(signal.SIGTSTP, self._suspend),
            signal.SIGCONT: signal.signal(signal.SIGCONT, lambda *_: self._send(CONTINUE)),
        }

    @property
    def has_keys(self) -> bool:
        """Whether keys can be typed."""
        return self._keyboard is not None

    def __enter__(self) -> Terminal:
        """Take the terminal: keys come at once and are not shown. A background process stops here until `fg`."""
        if self._keyboard is not None:
            with suppress(termios.error):  # the terminal is gone: `wait` reports it
                tty.setcbreak(self._keyboard, termios.TCSADRAIN)  # keeps what was typed already
        self._console.set_alt_screen(True)
        self._console.show_cursor(False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back in the state that it had before."""
        self._console.show_cursor(True)
        self._console.set_alt_screen(False)
        if self._keyboard is not None and self._settings is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._keyboard, termios.TCSADRAIN, self._settings)

    def wait(self, timeout_s: float) -> str | None:
        """Wait for keys; while the process is stopped, the terminal belongs to the shell.

        Returns:
            The typed characters; "" after the timeout or after `wake`; None if all must be drawn again.

        Raises:
            OSError: the terminal is gone.
        """
        sources = [self._messages] if self._keyboard is None else [self._messages, self._keyboard]
        ready, _, _ = select.select(sources, [], [], max(timeout_s, 0))
        if self._messages in ready:
            return self._obey(os.read(self._messages, 1))
        return self._typed() if ready else ""

    def wake(self) -> None:
        """End the current or the next `wait`; any thread may call this."""
        self._send(WAKE)

    def close(self) -> None:
        """Give the signals back to their previous handlers; call it in the main thread after the other has ended."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        os.close(self._messages)
        os.close(self._waker)

    def _obey(self, message: bytes) -> str | None:
        if message == WAKE:
            return ""
        if message == STOP:
            self.__exit__(None, None, None)
            self._returned = True
            signal.pthread_kill(self._main, signal.SIGTSTP)
            while os.read(self._messages, 1) != CONTINUE:
                pass
        self.__enter__()
        return None

    def _typed(self) -> str:
        """Return the typed characters, without the sequences of arrow and function keys."""
        assert self._keyboard is not None
        typed = os.read(self._keyboard, 1024)
        if not typed:
            raise OSError("the terminal has closed its input")
        return "" if typed.startswith(ESCAPE) else typed.decode(errors="ignore")

    def _suspend(self, number: int, _: FrameType | None) -> None:
        """Handle SIGTSTP: first let the thread return the screen, then stop as every process does."""
        if not self._returned:
            return self._send(STOP)
        self._returned = False
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # ends with SIGCONT; does nothing without a shell that could send one
        signal.signal(number, self._suspend)
        return self._send(CONTINUE)

    def _send(self, message: bytes) -> None:
        os.write(self._waker, message)
