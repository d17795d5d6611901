"""Picture files as frames: a single file, the files of a folder, or the files that match a glob, in natural order."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.capture.file import open_file, printable
from agent.capture.header import CutOffError, Header, read_header
from agent.capture.source import Frame, Source
from agent.capture.uri import PICTURE_SUFFIXES, PicturesSpec
from agent.stderr import native_stderr
from agent.vision.pixels import lay_on_white
from profiles.errors import PictureError, SourceError

MAX_PIXELS = 64_000_000
"""Largest number of pixels of a picture. A picture of this size takes 192 MB as BGR, and twice as much while it is
rotated upright. A board with 512 MB can just hold this."""


class PictureSource(Source):
    """Pictures one after the other; frames may differ in size.

    Args:
        spec: path, folder or glob.
        clock: returns the time in nanoseconds.

    Raises:
        SourceError: there is no picture.
    """

    live = False

    def __init__(self, spec: PicturesSpec, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._paths = find_pictures(spec.uri)
        self._next = 0
        title = printable(spec.uri)
        self.title = title if len(self._paths) == 1 else f"{title}, {len(self._paths)} pictures"

    def read(self) -> Frame | None:
        if self._next == len(self._paths):
            return None
        number, self._next = self._next, self._next + 1
        path = self._paths[number]
        try:
            return Frame(load_picture(path), self._clock(), number, printable(path))
        except PictureError as error:
            if len(self._paths) == 1:
                raise SourceError(error.what, advice=error.advice) from error  # no picture is left to go on with
            raise

    def close(self) -> None:
        self._next = len(self._paths)


def find_pictures(text: str) -> tuple[Path, ...]:
    """Return the pictures of a path, a folder or a glob, in natural order: 2.jpg before 10.jpg.

    Raises:
        SourceError: no picture was found.
    """
    if not text:
        raise SourceError("no picture was named", advice="name a picture, a folder, or a glob in quotes")
    path = Path(text)
    if path.is_dir():
        found = [p for p in path.iterdir() if _is_picture(p)]
        error = SourceError(f"no picture in the folder {text}", advice="put files such as page.jpg or page.png there")
    elif path.exists() or not any(sign in text for sign in "*?["):
        found = [path] if path.exists() else []
        error = SourceError(f"no picture {text}", advice="check the name")
    else:
        anchor = path.anchor or "."
        found = [p for p in Path(anchor).glob(str(path.relative_to(path.anchor))) if p.is_file()]
        error = SourceError(f"no file matches {text}", advice="check the pattern")
    if not found:
        raise error
    return tuple(sorted(found, key=_natural))


def _is_picture(path: Path) -> bool:
    """Return whether an entry of a folder is a picture by its suffix, and not hidden."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".") and not path.is_dir()


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def load_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture as BGR, rotated upright by its EXIF orientation unless it has an alpha channel.

    Grey pictures become BGR, 16-bit pictures keep their upper 8 bits, transparent pictures get a white background.

    Returns:
        BGR, uint8 (H, W, 3).

    Raises:
        PictureError: the file is missing, not a picture, cut off, damaged, or larger than `MAX_PIXELS`.
    """
    name = printable(path)
    try:
        with open_file(path) as file:
            header = _checked_header(file, name)
            file.seek(0)
            content = np.frombuffer(file.read(), np.uint8)
    except PictureError:
        raise
    except OSError as error:
        raise PictureError(
            f"{name} cannot be read ({error.strerror})", advice="check the name and its permissions"
        ) from error
    with native_stderr() as messages:
        try:
            image = _decode(content, header)
        except cv2.error:  # some formats raise this, others return None
            image = None
    if image is None or any("remature end" in line for line in messages):
        raise PictureError(f"{name} is cut off or damaged", advice="copy it again from its origin")
    return image


def _checked_header(file: BinaryIO, name: str) -> Header:
    try:
        header = read_header(file)
    except CutOffError:
        raise PictureError(f"{name} is cut off within its header", advice="copy it again from its origin") from None
    if header is None:
        raise PictureError(
            f"{name} is not a picture of a known format", advice="convert it to BMP, JPEG, PNG, PNM, TIFF or WebP"
        )
    if header.width * header.height > MAX_PIXELS:
        raise PictureError(
            f"{name} has {header.width}×{header.height} pixels, more than the {MAX_PIXELS // 1_000_000} million limit",
            advice="scale it down, or crop it to the numbers",
        )
    return header


def _decode(content: NDArray[np.uint8], header: Header) -> NDArray[np.uint8] | None:
    if header.format in ("png", "tiff", "webp"):
        stored = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
        if stored is not None and stored.ndim == 3 and stored.shape[2] == 4:
            bgra = np.asarray(stored // 256 if stored.dtype == np.uint16 else stored, np.uint8)
            return lay_on_white(bgra)
    image = cv2.imdecode(content, cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, np.uint8)
