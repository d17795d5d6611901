"""Parse the text that names a source. The first bytes of a file decide its kind, because its suffix may be wrong."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl

import msgspec

from agent.capture.address import DEFAULT_OPTIONS, SCHEMES, StreamOptions, StreamSpec, parse_address
from agent.capture.file_kind import kind_of_path
from agent.capture.file_name import local_path
from profiles.errors import UsageError
from profiles.foreign_text import show
from profiles.redact import redact

KINDS = (
    "a camera ('0', '/dev/video0', 'csi://0'), a stream ('http://…', 'rtsp://…'), a video file, "
    "a picture, a folder or a quoted glob of pictures, '-' (pictures on the standard input), or 'demo:'"
)
"""All kinds of sources, for error messages."""


ADVICE = (
    (r"(usb|video|v4l2?|webcam|cam|camera)(:.*)?\d*", "write '0' or '/dev/video0' for a USB camera"),
    (
        r"(csi|pi-?cam|picamera2?|libcamera|rpicam|argus|nvarguscamerasrc)\d*(:.*)?",
        "write 'csi://0' for a ribbon camera",
    ),
    (r"(rtmps?|rtp|udp|tcp|srt|mms|onvif|hls|ws|wss)://.*", "give the camera's http:// or rtsp:// address"),
    (r"stdin|pipe:.*", "write '-' for the standard input"),
)
"""Names of sources in other programs, as regular expressions, each with advice how to write the source here."""
_BARE_ADDRESS = re.compile(r"(https?|rtsps?)//|[^?]+\?[\w.-]+=|[^/?]+@[\w-]+(\.[\w-]+)*/", re.IGNORECASE)
"""An address without its scheme, or without the colon. It may hold a secret, so it is not taken for a glob."""


@dataclass(frozen=True)
class CameraSpec:
    """A Video4Linux camera."""

    uri: str
    device: str
    """A path under /dev."""

    @property
    def title(self) -> str:
        """Name for people."""
        return f"camera {self.device}"


@dataclass(frozen=True)
class CsiSpec:
    """A camera at a board's ribbon connector."""

    uri: str
    sensor: int
    """Number of the sensor, from 0."""

    @property
    def title(self) -> str:
        """Name for people."""
        return f"camera {self.uri}"


@dataclass(frozen=True)
class VideoSpec:
    """A video file."""

    uri: str
    path: Path


@dataclass(frozen=True)
class PicturesSpec:
    """A picture, or the pictures of a folder or glob."""

    uri: str


@dataclass(frozen=True)
class PipeSpec:
    """Pictures on the standard input."""

    uri: str = "-"


class DemoSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The built-in demo."""

    uri: str
    seed: Annotated[int, msgspec.Meta(ge=0)] = 1
    """Seed of the random numbers; the same seed gives the same frames."""
    frames: Annotated[int, msgspec.Meta(ge=1)] = 90
    """Number of frames until the end."""
    fps: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Frames per second; None means as fast as they are read."""
    form: str = ""
    """File of a form, of which filled-in sheets are shown; empty shows sheets of numbers."""


LiveSpec = CameraSpec | CsiSpec | StreamSpec
"""Live sources: they go on while nobody reads them, and are opened again after a failure."""
SourceSpec = LiveSpec | VideoSpec | PicturesSpec | PipeSpec | DemoSpec


def parse_source(text: str, options: StreamOptions = DEFAULT_OPTIONS) -> SourceSpec:
    """Parse the text that names a source.

    Args:
        text: the text.
        options: how a camera in the network is read.

    Examples:
        >>> parse_source("0")
        CameraSpec(uri='0', device='/dev/video0')

    Raises:
        UsageError: the text does not name a source.
    """
    if not text:
        raise UsageError("no source was named", advice=f"give {KINDS}")
    if text in ("-", "/dev/stdin"):
        return PipeSpec()
    if text.isdecimal() and text.isascii():
        return CameraSpec(text, f"/dev/video{int(text)}")
    if text.startswith("/dev/"):
        return CameraSpec(text, text)
    match = re.match(r"([a-z][a-z0-9+.-]+):", text, re.IGNORECASE)
    if match and not os.path.exists(text):  # noqa: PTH110 (Path.exists raises an error for a long address)
        return _parse_url(text, match.group(1).lower(), options)
    return _parse_path(text)


def _parse_url(text: str, scheme: str, options: StreamOptions) -> SourceSpec:
    if scheme == "demo":
        return _parse_demo(text)
    if scheme == "file":
        return _parse_path(local_path(text))
    if scheme == "csi":
        sensor = text[len("csi:") :].removeprefix("//")
        if not sensor.isdecimal():
            raise UsageError(f"{show(redact(text))!r} names no camera", advice="write 'csi://0' or 'csi://1'")
        return CsiSpec(text, int(sensor))
    if scheme not in SCHEMES:
        raise UsageError(f"{show(redact(text))!r} is not a source: its scheme is unknown", advice=_advice(text))
    return parse_address(text, options)


def _parse_path(text: str) -> SourceSpec:
    path = Path(text)
    if path.is_dir():
        return PicturesSpec(text)
    if _BARE_ADDRESS.match(text) and not os.path.exists(text):  # noqa: PTH110 (as above)
        raise UsageError(f"{show(redact(text))!r} is not a source", advice="begin an address with http:// or rtsp://")
    kind, is_glob = kind_of_path(path), any(sign in text for sign in "*?[")
    if kind == "video" and is_glob and not path.exists():
        raise UsageError(f"{show(text)!r} names several videos, and one is read at a time", advice="name one of them")
    if kind == "video":
        return VideoSpec(text, path)
    if kind == "picture" or is_glob:
        return PicturesSpec(text)
    if path.exists():
        raise UsageError(f"{show(redact(text))!r} is neither a video nor a picture", advice=f"give {KINDS}")
    if text == "demo":
        return DemoSpec("demo:")
    raise UsageError(f"{show(redact(text))!r} is not a source, and there is no such file", advice=_advice(text))


def _advice(text: str) -> str:
    """Return advice for a text that names no source: from `ADVICE` if the text fits there, otherwise all kinds."""
    found = (advice for pattern, advice in ADVICE if re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL))
    return next(found, f"give {KINDS}")


def _parse_demo(text: str) -> DemoSpec:
    try:
        query = text[len("demo:") :].removeprefix("//").removeprefix("?")
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        return msgspec.convert({**options, "uri": text}, DemoSpec, strict=False)
    except (ValueError, msgspec.ValidationError) as error:
        raise UsageError(
            f"{show(redact(text))!r} is not a valid demo ({error})",
            advice="write 'demo:' or 'demo:?seed=3&frames=60&fps=10'",
        ) from error
