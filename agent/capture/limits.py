"""How large a picture may be, so that decoding it does not exhaust the memory of the board."""

from __future__ import annotations

from functools import cache
from typing import BinaryIO

from PIL import Image

from agent.stderr import native_stderr
from profiles.board import detect_board

MAX_PIXELS = 64_000_000
"""Largest number of pixels of a picture on any board. Raising it lets a small file take more memory and time."""
MEMORY_SHARE = 0.45
"""Share of the board's memory that decoding a picture may take. Of 512 MB, the agent itself takes 150 MB and the system
100 MB. If it is raised, the kernel's out-of-memory killer may end the agent."""


class TooLargeError(ValueError):
    """Raised when a picture has more pixels than the limits allow.

    Args:
        size: its size, in words.
        max_pixels: the largest number of pixels of such a picture on this board.
    """

    def __init__(self, size: str, max_pixels: int) -> None:
        super().__init__(size)
        self.size, self.max_pixels = size, max_pixels


@cache
def decoding_limit_bytes() -> int:
    """Return the largest memory that decoding a picture may take on this board, in bytes."""
    return int(MEMORY_SHARE * detect_board().profile.memory_bytes)


def check_size(width: int, height: int, bytes_per_pixel: int, limit_bytes: int) -> None:
    """Check that a picture can be decoded.

    Args:
        width: width in pixels.
        height: height in pixels.
        bytes_per_pixel: peak memory that decoding takes per pixel.
        limit_bytes: largest memory that decoding may take.

    Raises:
        TooLargeError: it cannot.
    """
    max_pixels = min(MAX_PIXELS, limit_bytes // bytes_per_pixel)
    if width * height > max_pixels:
        raise TooLargeError(f"{width}×{height} pixels", max_pixels)


def open_image(file: BinaryIO, formats: list[str]) -> Image.Image:
    """Open a picture with Pillow: its header is read, its pixels are not.

    Args:
        file: open for reading and seekable.
        formats: Pillow's names of the formats that are tried.

    Raises:
        TooLargeError: it has far too many pixels.
        Exception: it is damaged or cut off; Pillow raises errors of many kinds.
    """
    with native_stderr():
        try:
            return Image.open(file, formats=formats)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise TooLargeError("far too many pixels", MAX_PIXELS) from error
