"""Decode pictures with Pillow: all formats but JPEG and PDF.

Pillow's picture is converted in strips, since another copy of a large picture would not fit into a small board.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from agent.capture.limits import check_size, open_image
from agent.capture.upright import orientation_of, upright_canvas
from agent.stderr import native_stderr
from agent.vision.pixels import Pixels, is_light_ink, lay_on, visible_histogram


class Format(NamedTuple):
    """How Pillow reads a format."""

    name: str
    """Pillow's name of it."""
    module: str
    """Module that registers its decoder."""
    bytes_per_pixel: int
    """Peak memory per pixel while a picture is decoded. Measured at 12 megapixels with Pillow 13."""


FORMATS: Mapping[str, Format] = {
    "AVIF": Format("AVIF", "PIL.AvifImagePlugin", 11),
    "BMP": Format("BMP", "PIL.BmpImagePlugin", 9),
    "GIF": Format("GIF", "PIL.GifImagePlugin", 9),
    "HEIC": Format("HEIF", "pillow_heif", 9),
    "JPEG 2000": Format("JPEG2000", "PIL.Jpeg2KImagePlugin", 20),
    "PNG": Format("PNG", "PIL.PngImagePlugin", 9),
    "PNM": Format("PPM", "PIL.PpmImagePlugin", 9),
    "TIFF": Format("TIFF", "PIL.TiffImagePlugin", 9),
    "WebP": Format("WEBP", "PIL.WebPImagePlugin", 17),
}
"""The formats, by the names of `agent.capture.file_kind`. Pillow reads others too, but some of them start programs."""
TURNED_BYTES_PER_PIXEL = 4
"""Additional peak memory per pixel of a TIFF or HEIC that is turned upright, since Pillow makes a copy."""
DNG_VERSION = 50706
"""Tag that makes a TIFF a raw photograph (Adobe DNG, 2012): the file that `rpicam-still --raw` writes."""
STRIP_ROWS = 256
"""Rows that are converted at once. Raising it takes more memory, lowering it more time. Chosen by trial."""
WHITE_LEVELS = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0, 2.0**32 - 1)
"""Values of white in pictures of more than 8 bits: float, and 8, 10, 12, 14, 16 and 32 bits."""


class RasterPages:
    """The pages of a picture file: of a TIFF all, of any other format the first.

    Args:
        file: open for reading and seekable.
        form: its format.
        limit_bytes: largest memory that decoding may take.

    Raises:
        ImportError: the format needs an extra that is not installed.
        TooLargeError: the first page has too many pixels.
        Exception: the file is damaged or cut off; Pillow raises errors of many kinds.
    """

    def __init__(self, file: BinaryIO, form: Format, limit_bytes: int) -> None:
        self._form, self._limit_bytes = form, limit_bytes
        module = import_module(form.module)
        if form.name == "HEIF":
            module.register_heif_opener(thumbnails=False)
        self._image = open_image(file, [form.name])
        self._check_size()

    @property
    def is_raw(self) -> bool:
        """Whether the file holds the raw data of a sensor: Pillow reads only a small preview of it."""
        return DNG_VERSION in getattr(self._image, "tag_v2", ())

    def __len__(self) -> int:
        return int(getattr(self._image, "n_frames", 1)) if self._form.name == "TIFF" else 1

    def load(self, number: int) -> Pixels:
        """Decode a page.

        Args:
            number: number of the page, from 0.

        Returns:
            BGR, uint8 (H, W, 3), upright.

        Raises:
            TooLargeError: it has too many pixels.
            Exception: as when the file is opened.
        """
        with native_stderr():
            self._image.seek(number)
            self._check_size()
            image = _swapped_pnm(self._image) or self._image
            image.load()
        upright, view = upright_canvas(*image.size, orientation_of(image))
        convert = _converter(image)
        for rows, strip in _strips(image):
            view[rows] = convert(strip)
        return upright

    def _check_size(self) -> None:
        turned = self._form.name in ("TIFF", "HEIF") and orientation_of(self._image) > 1
        per_pixel = self._form.bytes_per_pixel + turned * TURNED_BYTES_PER_PIXEL
        check_size(*self._image.size, per_pixel, self._limit_bytes)


def _swapped_pnm(image: Image.Image) -> Image.Image | None:
    """Return a grey PNM of 9 to 16 bits whose two bytes are swapped, as some cameras write them; None if it is another.

    Values are stored with the high byte first. If some exceed the maximum, but none does with swapped bytes, those are
    meant.
    """
    if not isinstance(image, ImageFile.ImageFile) or image.fp is None:
        return None
    if image.format != "PPM" or image.mode != "I" or image.tile[0][0] != "ppm":
        return None
    _, _, offset, arguments = image.tile[0]
    width, height = image.size
    image.fp.seek(offset)
    stored = np.frombuffer(image.fp.read(2 * width * height), ">u2")
    swapped = stored.byteswap()
    maximum = arguments[-1] if isinstance(arguments, tuple) else arguments
    if stored.size < width * height or stored.max() <= maximum or swapped.max() > maximum:
        return None
    return Image.fromarray(swapped.astype(np.uint16).reshape(height, width))


def _strips(image: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    """Yield the rows of each strip of a loaded picture, and the strip."""
    width, height = image.size
    for top in range(0, height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, height)
        yield slice(top, bottom), image.crop((0, top, width, bottom))


def _converter(image: Image.Image) -> Callable[[Image.Image], Pixels]:
    """Return a function that converts a strip of a loaded picture to BGR."""
    if image.mode[0] in "IF":
        return _deep_converter(image)
    if image.has_transparency_data:
        counts = np.sum([visible_histogram(_bgra(strip)) for _, strip in _strips(image)], axis=0)
        white = not is_light_ink(counts, image.width * image.height)
        return lambda strip: lay_on(_bgra(strip), white=white)
    return lambda strip: np.asarray(cv2.cvtColor(np.asarray(strip.convert("RGB")), cv2.COLOR_RGB2BGR), np.uint8)


def _bgra(strip: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.asarray(strip.convert("RGBA")), cv2.COLOR_RGBA2BGRA), np.uint8)


def _deep_converter(image: Image.Image) -> Callable[[Image.Image], Pixels]:
    """Return a function that scales a strip of a picture of more than 8 bits.

    White is the smallest usual value of white that no pixel exceeds. If none fits, or if a pixel is negative, black and
    white are the smallest and largest value.
    """
    ranges = [_range(np.asarray(strip)) for _, strip in _strips(image)]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    white = next((level for level in WHITE_LEVELS if high <= level), high)
    if image.mode[0] == "I" and white == 1:  # integers from 0 to 1 are an 8-bit picture that is black
        white = 255.0
    black = 0.0
    if low < 0 or high > WHITE_LEVELS[-1]:
        black, white = low, high

    def convert(strip: Image.Image) -> Pixels:
        scaled = (np.nan_to_num(np.asarray(strip).astype(np.float32)) - black) * (255 / max(white - black, 1e-9))
        return np.asarray(cv2.cvtColor(np.rint(np.clip(scaled, 0, 255)).astype(np.uint8), cv2.COLOR_GRAY2BGR), np.uint8)

    return convert


def _range(values: NDArray[np.generic]) -> tuple[float, float]:
    """Return the smallest and the largest finite value of a strip; 0 and 0 if there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
