"""One frame of a run with its readings, as files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import cv2
import msgspec

from agent.events import FrameEvent
from profiles.atomic_write import write_atomic


def save_frame(event: FrameEvent, folder: Path, at: datetime) -> Path:
    """Write the picture of a frame as PNG, and beside it the JSON that `digit-agent read --json` would print.

    Args:
        event: the frame, with its image.
        folder: an existing folder.
        at: the time in the name of the files.

    Returns:
        The path of the picture; the JSON has the same name with `.json`.

    Raises:
        OSError: a file cannot be written.
    """
    assert event.image is not None
    path = folder / f"frame-{at:%Y%m%d-%H%M%S}-{event.number}.png"
    write_atomic(path, cv2.imencode(".png", event.image)[1].tobytes())
    content = {"source": event.source, **event.page.to_dict()}
    write_atomic(path.with_suffix(".json"), msgspec.json.encode(content) + b"\n")
    return path
