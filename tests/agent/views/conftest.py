"""Data of a run to show: frames of paper with numbers."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from rich.console import Console

from agent.events import LATENCY_STAGES, Counts, FrameEvent, RunInfo, Vitals
from agent.vision.box import Box, union
from agent.vision.digits import Digit
from agent.vision.lines import Reading
from agent.vision.page import Page

MakeEvent = Callable[..., FrameEvent]
MakeConsole = Callable[..., Console]


@pytest.fixture
def info() -> RunInfo:
    return RunInfo(
        source="demo, seed 1",
        board="generic-x86",
        artifact="plain-int8.tflite",
        runtime="ai-edge-litert",
        reason="3.1 µs a digit, 1.3 times faster than the next, 99.52% right on MNIST's test images",
        power_sensor=None,
    )


@pytest.fixture
def make_event() -> MakeEvent:
    """Return a function that makes the event of a frame with a number on it."""

    def make(
        text: str = "", number: int = 0, size: tuple[int, int] = (640, 480), vitals: Vitals | None = None
    ) -> FrameEvent:
        width, height = size
        image = np.full((height, width, 3), 210, np.uint8)
        digits = []
        for index, character in enumerate(text):
            cv2.putText(image, character, (60 + 70 * index, 200), cv2.FONT_HERSHEY_SIMPLEX, 2, (40, 30, 30), 5)
            digits.append(Digit(int(character), 0.95, Box(60 + 70 * index, 155, 40, 48)))
        readings = (Reading(text, union(d.box for d in digits), 0.95, tuple(digits)),) if text else ()
        return FrameEvent(
            number=number,
            source="demo:",
            image=image,
            page=Page(width, height, tuple(digits), readings, {}),
            announced=readings,
            latency_ms=dict.fromkeys(LATENCY_STAGES, 2.5),
            finished_ns=number * 100_000_000,
            counts=Counts(number + 1, 2, 1, len(text)),
            vitals=vitals,
        )

    return make


@pytest.fixture
def make_console() -> MakeConsole:
    """Return a function that makes a console in memory; environment variables do not change its colours."""

    def make(width: int, height: int, colours: str | None = "truecolor", *, no_color: bool = False) -> Console:
        return Console(
            file=io.StringIO(),
            width=width,
            height=height,
            force_terminal=True,
            color_system=colours,  # type: ignore[arg-type]
            no_color=no_color,
            legacy_windows=False,
            _environ={},
        )

    return make
