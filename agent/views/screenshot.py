"""The last state of the dashboard as an SVG picture."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from rich.console import Console

from agent.events import Event, RunInfo
from agent.views.history import History
from agent.views.panels import dashboard
from profiles.atomic_write import write_atomic
from profiles.errors import OutputError

COLUMNS, ROWS = 140, 44


class Screenshot:
    """A sink that draws the dashboard once, when it is closed.

    Args:
        info: returns the current description of the run.
        path: the SVG file to write.
    """

    def __init__(self, info: Callable[[], RunInfo], path: Path) -> None:
        self._info, self._path = info, path
        self._history = History(time.monotonic_ns())

    def take(self, event: Event) -> None:
        self._history.add(event, datetime.now().astimezone())

    def close(self) -> None:
        """Write the file.

        Raises:
            OutputError: the file cannot be written.
        """
        console = Console(
            record=True,
            file=io.StringIO(),
            force_terminal=True,
            color_system="truecolor",
            no_color=False,
            width=COLUMNS,
            height=ROWS,
        )
        console.print(dashboard(self._info(), self._history.snapshot(time.monotonic_ns()), COLUMNS, ROWS))
        try:
            write_atomic(self._path, console.export_svg(title="digit-agent run").encode())
        except OSError as error:
            what = f"{self._path} cannot be written ({error.strerror})"
            raise OutputError(what, advice="choose another place") from error
