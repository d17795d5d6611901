"""The agent: the program and the library that run on the board.

    from agent import Reader

    page = Reader().read("note.jpg")
    for reading in page.readings:
        print(reading.text, reading.box, reading.confidence)

The packages in the order of the data flow: `capture` (frames), `vision` (ink, glyphs, digits and readings, with the
nets of `choice` and `runtimes`), `live` (the loop of a run), `telemetry` (the log) and `views`. `cli` is the command
line.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.forms.form import Form as Form
    from agent.forms.record import Record as Record
    from agent.forms.record import RecordField as RecordField
    from agent.forms.table import RuledTable as RuledTable
    from agent.forms.table import TableCell as TableCell
    from agent.reader import Reader as Reader
    from agent.vision.box import Box as Box
    from agent.vision.digits import Digit as Digit
    from agent.vision.lines import Reading as Reading
    from agent.vision.page import Page as Page
    from agent.vision.track import Track as Track
    from profiles.errors import DigitAgentError as DigitAgentError
    from profiles.errors import FormError as FormError
    from profiles.errors import FormNotFoundError as FormNotFoundError
    from profiles.errors import ManifestError as ManifestError
    from profiles.errors import NoArtifactError as NoArtifactError
    from profiles.errors import PictureError as PictureError
    from profiles.errors import SourceError as SourceError
    from profiles.errors import UsageError as UsageError

    __version__: str

os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "64000000")
"""`agent.capture.limits.MAX_PIXELS`, for OpenCV, which reads it when it is loaded; its own limit is 2^30 pixels."""

_MODULES = {
    "Box": "agent.vision.box",
    "Digit": "agent.vision.digits",
    "DigitAgentError": "profiles.errors",
    "Form": "agent.forms.form",
    "FormError": "profiles.errors",
    "FormNotFoundError": "profiles.errors",
    "ManifestError": "profiles.errors",
    "NoArtifactError": "profiles.errors",
    "Page": "agent.vision.page",
    "PictureError": "profiles.errors",
    "Reader": "agent.reader",
    "Reading": "agent.vision.lines",
    "Record": "agent.forms.record",
    "RecordField": "agent.forms.record",
    "SourceError": "profiles.errors",
    "RuledTable": "agent.forms.table",
    "TableCell": "agent.forms.table",
    "Track": "agent.vision.track",
    "UsageError": "profiles.errors",
}

__all__ = [
    "Box",
    "Digit",
    "DigitAgentError",
    "Form",
    "FormError",
    "FormNotFoundError",
    "ManifestError",
    "NoArtifactError",
    "Page",
    "PictureError",
    "Reader",
    "Reading",
    "Record",
    "RecordField",
    "RuledTable",
    "SourceError",
    "TableCell",
    "Track",
    "UsageError",
    "__version__",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `digit-agent --help` does not load OpenCV."""
    if name == "__version__":
        from importlib.metadata import version

        return version("digit-agent")
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
