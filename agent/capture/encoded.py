"""Decode a picture that is in memory, as a camera in the network or a program sends it."""

from __future__ import annotations

import io

from agent.capture.file_kind import HEAD_BYTES, picture_format
from agent.capture.jpeg import JpegPicture
from agent.capture.limits import decoding_limit_bytes
from agent.capture.picture_parser import START_OF_IMAGE
from agent.capture.raster import FORMATS, RasterPages
from agent.vision.pixels import Pixels


def decode_picture(content: bytes) -> Pixels:
    """Decode a picture file of a format that `PictureParser` finds.

    Raises:
        TooLargeError: the picture has more pixels than this board can hold.
        Exception: the file is damaged; the decoders raise errors of many kinds.
    """
    limit_bytes = decoding_limit_bytes()
    if content.startswith(START_OF_IMAGE):
        return JpegPicture(content, limit_bytes).load()
    form = FORMATS[picture_format(content[:HEAD_BYTES]) or ""]
    return RasterPages(io.BytesIO(content), form, limit_bytes).load(0)
