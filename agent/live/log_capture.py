"""What is worth saying besides the readings: warnings of the whole agent, handed to whoever shows or keeps them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

Listener = Callable[[str], object]


class _Handler(logging.Handler):
    def __init__(self, listeners: Iterable[Listener]) -> None:
        super().__init__(logging.WARNING)
        self._listeners = listeners

    def emit(self, record: logging.LogRecord) -> None:
        for listener in self._listeners:
            listener(record.getMessage())


@contextmanager
def capture_warnings(listeners: Iterable[Listener]) -> Iterator[None]:
    """While it lasts, every warning of the agent's loggers is told to the listeners, on the thread that warns."""
    logger, handler = logging.getLogger("agent"), _Handler(listeners)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
