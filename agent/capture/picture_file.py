"""A picture file, on the disk or in memory: its pages, and the errors that say why it cannot be read."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from agent.capture.file_kind import HEAD_BYTES, kind_of, picture_format
from agent.capture.file_name import printable
from agent.capture.jpeg import JpegPicture
from agent.capture.limits import TooLargeError, decoding_limit_bytes
from agent.capture.pdf import PdfPages
from agent.capture.picture_parser import START_OF_IMAGE
from agent.capture.raster import FORMATS, RasterPages
from agent.vision.pixels import Pixels
from profiles.errors import PictureError
from profiles.regular_file import open_regular_file

STANDARD_INPUT = Path("-")
"""Path that stands for the standard input."""
READ_BYTES = 1 << 20
"""Bytes that are read at once. Raising it takes more memory, lowering it more time."""
MAX_PAGES = 10_000
"""Largest number of pages of a file. A scan has a few hundred. Raising it lets a damaged file take longer."""


class _Pages(Protocol):
    """The pages of an open picture file."""

    def __len__(self) -> int: ...

    def load(self, number: int, /) -> Pixels:
        """Decode a page."""
        ...


class PictureFile:
    """An open picture file, with one page or, if it is a TIFF or a PDF, several ones.

    Args:
        path: the file; "-" is the standard input.
        limit_bytes: largest memory that decoding may take; None is what the board allows.

    Raises:
        PictureError: the file is missing, no picture, damaged, too large, or its format needs an extra.
    """

    def __init__(self, path: Path, limit_bytes: int | None = None) -> None:
        self.name = "standard input" if path == STANDARD_INPUT else printable(path)
        self._limit_bytes = decoding_limit_bytes() if limit_bytes is None else limit_bytes
        with ExitStack() as opened, self._named_errors():
            file = opened.enter_context(self._open(path))
            self._pages = self._read_header(file)
            self.page_count = len(self._pages)
            self._opened = opened.pop_all()
        if not 0 < self.page_count <= MAX_PAGES:
            self.close()
            raise PictureError(
                f"{self.name} has {self.page_count} pages, but 1 to {MAX_PAGES} can be read", advice="split it"
            )

    def title(self, number: int) -> str:
        """Return the name of a page for people: the name of the file, and which page it is if there are several."""
        return self.name if self.page_count == 1 else f"{self.name}, page {number + 1} of {self.page_count}"

    def load(self, number: int) -> Pixels:
        """Decode a page.

        Args:
            number: number of the page, from 0.

        Returns:
            BGR, uint8 (H, W, 3), upright by its EXIF orientation. Transparent pictures get a white background, or a
            black one behind light ink; pictures of more than 8 bits are scaled.

        Raises:
            PictureError: the page is damaged, cut off or too large.
        """
        with self._named_errors(f", page {number + 1}" if self.page_count > 1 else ""):
            return self._pages.load(number)

    def close(self) -> None:
        """Close the file; it is safe to close it twice."""
        self._opened.close()

    def __enter__(self) -> PictureFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, path: Path) -> BinaryIO:
        return io.BytesIO(self._content(sys.stdin.buffer)) if path == STANDARD_INPUT else open_regular_file(path)

    def _content(self, file: BinaryIO) -> bytes:
        content = io.BytesIO()
        while chunk := file.read(READ_BYTES):
            content.write(chunk)
            if content.tell() > self._limit_bytes:
                raise PictureError(
                    f"{self.name} has more than {self._limit_bytes >> 20} MB, too much for this board",
                    advice="save it as JPEG or PNG",
                )
        return content.getvalue()

    def _read_header(self, file: BinaryIO) -> _Pages:
        kind, name = kind_of(file), picture_format(file.read(HEAD_BYTES))
        empty = not file.seek(0, io.SEEK_END)
        file.seek(0)
        if kind == "video":
            raise PictureError(
                f"{self.name} is a video, not a picture", advice=f"read it with 'digit-agent run --source {self.name}'"
            )
        if empty:
            raise PictureError(f"{self.name} is empty", advice="copy it again from its origin")
        if name is None:
            raise PictureError(
                f"{self.name} is not a picture of a known format",
                advice="convert it to AVIF, BMP, GIF, JPEG, JPEG 2000, PNG, PNM, TIFF or WebP",
            )
        if name == "JPEG":
            return JpegPicture(self._content(file), self._limit_bytes)
        try:
            if name == "PDF":
                return PdfPages(self._content(file), self._limit_bytes)
            pages = RasterPages(file, FORMATS[name], self._limit_bytes)
        except ImportError:
            raise PictureError(
                f"{self.name} is a {name} file, which needs an extra",
                advice="run \"pip install 'digit-agent[pictures]'\", or convert it to JPEG",
            ) from None
        if pages.is_raw:
            raise PictureError(
                f"{self.name} is a raw photograph (DNG), of which only a small preview can be read",
                advice="read the JPEG that the camera wrote beside it, or export one",
            )
        return pages

    @contextmanager
    def _named_errors(self, page: str = "") -> Iterator[None]:
        """Turn every error of a decoder into one that names the file."""
        name = f"{self.name}{page}"
        try:
            yield
        except PictureError:
            raise
        except TooLargeError as error:
            raise PictureError(
                f"{name} has {error.size}; this board decodes {error.max_pixels // 1_000_000} million of this kind",
                advice="scale it down, or crop it to the numbers",
            ) from None
        except MemoryError:
            raise PictureError(
                f"{name} needs more memory than is free", advice="scale it down, or end other programs"
            ) from None
        except OSError as error:
            if error.errno is None:  # Pillow's own errors have none
                raise _damaged(name) from error
            raise PictureError(
                f"{name} cannot be read ({error.strerror})", advice="check the name and its permissions"
            ) from error
        except Exception as error:  # decoders raise errors of many kinds for damaged files
            raise _damaged(name) from error


def _damaged(name: str) -> PictureError:
    return PictureError(f"{name} is cut off or damaged", advice="copy it again from its origin")


def decode_picture(content: bytes) -> Pixels:
    """Decode a picture file that is in memory, of a format that `PictureParser` finds.

    Raises:
        TooLargeError: the picture has more pixels than this board can hold.
        Exception: the file is damaged; the decoders raise errors of many kinds.
    """
    limit_bytes = decoding_limit_bytes()
    if content.startswith(START_OF_IMAGE):
        return JpegPicture(content, limit_bytes).load()
    form = FORMATS[picture_format(content[:HEAD_BYTES]) or ""]
    return RasterPages(io.BytesIO(content), form, limit_bytes).load(0)
