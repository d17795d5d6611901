"""The agent: what runs on the board, from camera frames to numbers.

    from agent import Reader

    page = Reader().read(image_bgr)
    for reading in page.readings:
        print(reading.text, reading.box)

Read it as the data flows: `capture` (frames) -> `vision` (ink, glyphs, digits, readings, with a net of
`runtimes`) -> `telemetry` and `views`; `loop` runs them together, `cli` parses and prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.reader import Reader as Reader

__all__ = ["Reader"]


def __getattr__(name: str) -> object:
    """Import `Reader` when it is first asked for, so that `digit-agent --help` loads no OpenCV."""
    if name == "Reader":
        from agent.reader import Reader

        return Reader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
