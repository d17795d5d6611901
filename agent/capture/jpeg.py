"""Decode JPEG. Pillow gives the size before anything is decoded, and OpenCV reports where data is missing."""

from __future__ import annotations

import io

import cv2
import numpy as np

from agent.capture.limits import check_size, open_image
from agent.capture.upright import orientation_of, upright_canvas
from agent.stderr import native_stderr
from agent.vision.pixels import Pixels

BYTES_PER_PIXEL = 7
"""Peak memory per pixel while a JPEG is decoded. Measured at 12 megapixels with OpenCV 5: 6.2 to 6.5, also progressive
and grey."""
TURNED_BYTES_PER_PIXEL = 3
"""Additional peak memory per pixel of a JPEG that is turned upright, since its copy is as large."""
MAX_READS = 20_000
"""Largest number of reads while the header of a JPEG is parsed. A camera's has a few hundred. Pillow reads fill bytes
one by one and takes 2 s for a megabyte; raising it lets a damaged file take longer."""
NO_MEMORY = -4
"""Code of OpenCV's error when memory is short (`Error::StsNoMem`)."""
END_OF_IMAGE = b"\xff\xd9"


class JpegPicture:
    """A JPEG file: a single picture.

    Args:
        content: the file.
        limit_bytes: largest memory that decoding may take.

    Raises:
        TooLargeError: it has too many pixels.
        Exception: the header is damaged or cut off; Pillow raises errors of many kinds.
    """

    def __init__(self, content: bytes, limit_bytes: int) -> None:
        header = open_image(_FewReads(content), ["JPEG"])
        self._content, self._size, self._orientation = content, header.size, orientation_of(header)
        per_pixel = BYTES_PER_PIXEL + (TURNED_BYTES_PER_PIXEL if self._orientation > 1 else 0)
        check_size(*header.size, per_pixel, limit_bytes - len(content))

    def __len__(self) -> int:
        return 1

    def load(self, _: int = 0) -> Pixels:
        """Decode the picture.

        An end marker is added, because some cameras leave it out: no pixel is missing then.

        Returns:
            BGR, uint8 (H, W, 3), upright.

        Raises:
            ValueError: data is missing, or is damaged.
        """
        data = np.frombuffer(self._content + END_OF_IMAGE, np.uint8)
        with native_stderr() as messages:
            try:
                stored = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
            except cv2.error as error:
                if error.code == NO_MEMORY:
                    raise MemoryError from error
                stored = None  # as for other damage
        if stored is None or stored.shape[1::-1] != self._size or any("remature end" in line for line in messages):
            raise ValueError("JPEG data is missing or damaged")
        if self._orientation == 1:
            return np.asarray(stored, np.uint8)
        upright, view = upright_canvas(*self._size, self._orientation)
        view[:] = stored
        return upright


class _FewReads(io.BytesIO):
    """A file in memory that can be read only `MAX_READS` times."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self._reads += 1
        if self._reads > MAX_READS:
            raise ValueError("JPEG header has too many segments or fill bytes")
        return super().read(size)
