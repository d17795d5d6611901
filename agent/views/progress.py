"""Show the progress of work that takes long: on a terminal as a line that changes, in a log as a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from agent.views.foreign import foreign

PERIOD_S = 10.0
"""Shortest time between two lines, in seconds."""


@contextmanager
def progress(
    console: Console, title: str, clock_s: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is being done.

    Off a terminal its first message is a line at once, behind the title; a later one if enough time has passed.
    Work that sends no message, because its result is known already, writes nothing.

    Args:
        console: the console for messages.
        title: what is being done as a whole.
        clock_s: the current time, in seconds.
    """
    if console.is_terminal:
        with console.status(title) as status:
            yield lambda text: status.update(foreign(text))
        return
    shown_s: float | None = None

    def show(text: str) -> None:
        nonlocal shown_s
        if shown_s is None or clock_s() - shown_s >= PERIOD_S:
            shown_s = clock_s()
            console.print(foreign(f"{title}: {text}"), highlight=False, soft_wrap=True)

    yield show
