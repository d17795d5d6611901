"""Draw the pages of a PDF as pictures, with pypdfium2."""

from __future__ import annotations

import math
from importlib import import_module

import numpy as np

from agent.capture.limits import check_size
from agent.vision.pixels import Pixels

POINTS_PER_INCH = 72
PIXELS_PER_INCH = 200
"""Resolution of a page: that of an office scan. A page of A4 has 1654×2339 pixels. Raising it takes more memory."""
BYTES_PER_PIXEL = 8
"""Peak memory per pixel: 4 in PDFium and 3 as BGR."""


class PdfPages:
    """The pages of a PDF.

    Args:
        content: the file.
        limit_bytes: largest memory that decoding may take.

    Raises:
        ImportError: the extra for PDF is not installed.
        Exception: the file is damaged, cut off or locked with a password.
    """

    def __init__(self, content: bytes, limit_bytes: int) -> None:
        self._document = import_module("pypdfium2").PdfDocument(content)
        self._limit_bytes = limit_bytes - len(content)

    def __len__(self) -> int:
        return len(self._document)

    def load(self, number: int) -> Pixels:
        """Draw a page.

        Args:
            number: number of the page, from 0.

        Returns:
            BGR, uint8 (H, W, 3).

        Raises:
            TooLargeError: the page is too large.
            Exception: the page is damaged.
        """
        page = self._document[number]
        scale = PIXELS_PER_INCH / POINTS_PER_INCH
        width, height = (math.ceil(scale * points) for points in page.get_size())
        check_size(width, height, BYTES_PER_PIXEL, self._limit_bytes)
        bitmap = page.render(scale=scale)
        drawn = np.array(bitmap.to_numpy()[..., :3], np.uint8, order="C")
        bitmap.close()
        return drawn
