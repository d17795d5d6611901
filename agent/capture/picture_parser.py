"""Find the pictures in what a camera sends over HTTP, whatever stands between them.

Cameras disagree about the frame around a picture: no length or a wrong one, any type or none, boundaries with and
without dashes, line feeds with and without carriage returns, no headers, nothing at all. A picture itself says where it
ends, so the parser follows its inner structure and ignores the rest. Nothing is opened or waited for here.
"""

from __future__ import annotations

import re
import struct

MAX_PICTURE_BYTES = 32 * 2**20
"""Longest picture, in bytes. A JPEG of 64 megapixels takes about 20 MB. Raising it lets a camera take more memory."""
MAX_JUNK_BYTES = 65_536
"""Largest number of bytes between two pictures: a boundary and headers take about a hundred."""
KEPT_HEAD_BYTES = 256
"""Number of bytes before the first picture that are kept, to say what came instead of one."""
_MAGIC_BYTES = 14
_MAGIC = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF(?=.{4}WEBP)|BM(?=.{4}\0\0\0\0.)", re.DOTALL)
"""Start of a JPEG, PNG, WebP or BMP file."""
_SCAN_END = re.compile(rb"\xff\xff*[^\x00\xd0-\xd7\xff]")
"""A marker that ends the compressed data of a JPEG: not a stuffed zero, not a restart marker (ITU-T T.81, B.1.1.2)."""
START_OF_IMAGE, END_OF_IMAGE = b"\xff\xd8", b"\xff\xd9"
_START, _END, _SCAN, _TEMPORARY, _RESTARTS = 0xD8, 0xD9, 0xDA, 0x01, range(0xD0, 0xD8)


class PictureParser:
    """Takes bytes in pieces of any size, and gives the complete pictures among them.

    Its memory is bounded by the caller: `picture_bytes` and `junk_bytes` say how long the caller has been waiting.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._in_picture = False
        self._next_marker = 0
        self._in_scan = False
        self._head = b""
        self.junk_bytes = 0
        """Number of bytes since the last picture that belong to none."""

    @property
    def head(self) -> bytes:
        """The first bytes, if they are not a picture."""
        return self._head if self._in_picture else (self._head + self._buffer)[:KEPT_HEAD_BYTES]

    @property
    def picture_bytes(self) -> int:
        """Number of bytes of the picture that is not complete yet."""
        return len(self._buffer) if self._in_picture else 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes, and return the pictures that are complete now: JPEG, PNG, WebP or BMP files."""
        self._buffer += data
        pictures = []
        while self._find_start() and (end := self._find_end()) is not None:
            pictures.append(self._take(end))
        return pictures

    def finish(self) -> bytes:
        """Return the last picture with its end marker, if only this is missing, else nothing. No data follows."""
        is_jpeg = self._in_picture and self._buffer.startswith(START_OF_IMAGE)
        return bytes(self._buffer) + END_OF_IMAGE if is_jpeg else b""

    def _find_start(self) -> bool:
        """Remove what stands before the next picture. Return whether the buffer begins with a picture now."""
        if self._in_picture:
            return True
        found = _MAGIC.search(self._buffer)
        junk = found.start() if found else max(0, len(self._buffer) - _MAGIC_BYTES)
        self._head += bytes(self._buffer[: min(junk, KEPT_HEAD_BYTES - len(self._head))])
        self.junk_bytes += junk
        del self._buffer[:junk]
        self._in_picture, self._next_marker, self._in_scan = found is not None, 2, False
        return self._in_picture

    def _take(self, end: int) -> bytes:
        picture = bytes(self._buffer[:end])
        del self._buffer[:end]
        self._in_picture, self.junk_bytes = False, 0
        complete = picture.endswith(END_OF_IMAGE) or not picture.startswith(START_OF_IMAGE)
        return picture if complete else picture + END_OF_IMAGE

    def _find_end(self) -> int | None:
        """Return the length of the picture at the start of the buffer, or None if it is not complete."""
        start = bytes(self._buffer[:8])
        try:
            if start.startswith(START_OF_IMAGE):
                return self._jpeg_end()
            if start.startswith(b"\x89PNG"):
                return self._png_end()
            length = struct.unpack_from("<I", self._buffer, 4 if start.startswith(b"RIFF") else 2)[0]
        except (IndexError, struct.error):
            return None
        end = length + 8 + length % 2 if start.startswith(b"RIFF") else max(length, _MAGIC_BYTES)
        return end if end <= len(self._buffer) else None

    def _png_end(self) -> int | None:
        """Follow the chunks: length, type, data, checksum (W3C PNG, section 5.3)."""
        at = max(self._next_marker, 8)
        while True:
            length, kind = struct.unpack_from(">I4s", self._buffer, at)
            if kind == b"IEND":
                end = int(at + length + 12)
                return end if end <= len(self._buffer) else None
            at += length + 12
            self._next_marker = at

    def _jpeg_end(self) -> int | None:
        """Follow the segments and the compressed data between them to the end marker.

        If another picture begins before it, the end marker is missing, and the picture ends there.
        """
        while True:
            if self._in_scan:
                found = _SCAN_END.search(self._buffer, self._next_marker)
                if found is None:
                    self._next_marker = max(self._next_marker, len(self._buffer) - 1)
                    return None
                self._next_marker, self._in_scan = found.end() - 2, False
            at = self._next_marker
            mark, kind = self._buffer[at], self._buffer[at + 1]
            if kind == _END and mark == 0xFF:
                return at + 2
            if kind == _START and mark == 0xFF:
                return at
            if mark != 0xFF:  # damaged: look for the next marker
                self._in_scan = True
            elif kind == 0xFF:  # fill byte
                self._next_marker = at + 1
            elif kind == _TEMPORARY or kind in _RESTARTS:
                self._next_marker = at + 2
            else:
                self._next_marker = at + 2 + struct.unpack_from(">H", self._buffer, at + 2)[0]
                self._in_scan = kind == _SCAN
