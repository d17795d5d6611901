"""What the page shows of a run, and does for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.web.config_editor import ConfigEditor
from agent.web.diagnosis import Doctor
from agent.web.live_view import LiveView


@dataclass(frozen=True)
class ShownRun:
    """A run beside which the page is served."""

    view: LiveView
    editor: ConfigEditor
    """Changes the options."""
    doctor: Doctor
    """Checks the board."""
    figures: Callable[[], bytes] | None = None
    """Returns the figures for Prometheus; None without them."""
