"""Format and size of a picture file from its first bytes, before it is decoded.

OpenCV gives the size only after it has decoded the picture. On a board with 512 MB this is too late: OpenCV's own
limit, CV_IO_MAX_IMAGE_PIXELS, is 2^30 pixels. A picture of this size takes three gigabytes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

HEAD_BYTES = 64
"""Number of bytes that are compared with the magic numbers."""


class CutOffError(ValueError):
    """Raised when a picture file ends before its size is known."""


@dataclass(frozen=True)
class Header:
    """Format of a picture file, and its size in pixels as stored, before an orientation is applied."""

    format: str
    """bmp, jpeg, png, pnm, tiff or webp."""
    width: int
    height: int


def read_header(file: BinaryIO) -> Header | None:
    """Read a picture's header.

    Args:
        file: open for reading and seekable; its position afterwards is undefined.

    Returns:
        The header, or None if the file begins with no magic number of `FORMATS`.

    Raises:
        CutOffError: the file ends within its header.
        OSError: the file cannot be read.
    """
    head = _read(file, 0, HEAD_BYTES)
    if not head:
        raise CutOffError("it is empty")
    for name, magic, read_size in FORMATS:
        if magic.match(head):
            try:
                width, height = read_size(file)
            except (struct.error, KeyError) as error:
                raise CutOffError(f"{name} header is cut off") from error
            return Header(name, width, height)
    return None


def _read(file: BinaryIO, offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)


def _unpack(file: BinaryIO, layout: str, offset: int) -> tuple[int, ...]:
    return struct.unpack(layout, _read(file, offset, struct.calcsize(layout)))


def _jpeg_size(file: BinaryIO) -> tuple[int, ...]:
    """Follow the segments to the frame header: SOF0..SOF15 except DHT, JPG and DAC (ITU-T T.81, table B.1)."""
    offset = 2
    while True:
        mark, kind = _unpack(file, ">BB", offset)
        if mark != 0xFF:
            raise CutOffError("no marker where a JPEG segment must begin")
        if kind == 0xFF:  # fill byte
            offset += 1
        elif 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = _unpack(file, ">HH", offset + 5)
            return width, height
        else:
            offset += 2 + _unpack(file, ">H", offset + 2)[0]


def _png_size(file: BinaryIO) -> tuple[int, ...]:
    return _unpack(file, ">II", 16)


def _bmp_size(file: BinaryIO) -> tuple[int, ...]:
    """Read a bitmap's size: a negative height means rows from top to bottom; the oldest headers have 16-bit sizes."""
    header_bytes = _unpack(file, "<I", 14)[0]
    width, height = _unpack(file, "<HH" if header_bytes == 12 else "<ii", 18)
    return width, abs(height)


def _webp_size(file: BinaryIO) -> tuple[int, ...]:
    """Read the size of a lossy, a lossless or an extended file (WebP container specification, RFC 9649)."""
    kind = _read(file, 12, 4)
    if kind == b"VP8 ":
        width, height = _unpack(file, "<HH", 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = _unpack(file, "<I", 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    w_low, w_high, h_low, h_high = _unpack(file, "<HBHB", 24)
    return (w_high << 16 | w_low) + 1, (h_high << 16 | h_low) + 1


def _tiff_size(file: BinaryIO) -> tuple[int, ...]:
    """Read tags 256 and 257 of the first directory, each a SHORT (3) or a LONG (4) (TIFF 6.0, section 2)."""
    order = "<" if _read(file, 0, 2) == b"II" else ">"
    start = _unpack(file, order + "I", 4)[0]
    sizes = {}
    for entry in range(_unpack(file, order + "H", start)[0]):
        tag, kind = _unpack(file, order + "HH", start + 2 + 12 * entry)
        if tag in (256, 257):
            sizes[tag] = _unpack(file, order + ("H" if kind == 3 else "I"), start + 10 + 12 * entry)[0]
    return sizes[256], sizes[257]


def _pnm_size(file: BinaryIO) -> tuple[int, ...]:
    """Read the two numbers after the magic number; a comment goes from '#' to the end of its line."""
    words = re.sub(rb"#[^\n]*", b"", _read(file, 2, 4096)).split(maxsplit=2)
    try:
        return int(words[0]), int(words[1])
    except (IndexError, ValueError):
        raise CutOffError("no size after the magic number") from None


FORMATS: tuple[tuple[str, re.Pattern[bytes], Callable[[BinaryIO], tuple[int, ...]]], ...] = (
    ("jpeg", re.compile(rb"\xff\xd8\xff"), _jpeg_size),
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n"), _png_size),
    ("bmp", re.compile(rb"BM"), _bmp_size),
    ("webp", re.compile(rb"RIFF....WEBP", re.DOTALL), _webp_size),
    ("tiff", re.compile(rb"II\*\0|MM\0\*"), _tiff_size),
    ("pnm", re.compile(rb"P[1-6]\s"), _pnm_size),
)
"""Name, magic number and size reader of each format."""
