"""Text in fonts: TrueType files of a folder, or OpenCV's Hershey fonts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from agent.drawing.strokes import Coverage, crop_to_ink
from profiles.errors import DatasetError

if TYPE_CHECKING:
    from PIL import ImageFont

SUFFIXES = (".ttf", ".otf", ".woff")
_HERSHEY_HANDWRITTEN = (cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX)
_HERSHEY_PRINTED = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
)


@dataclass(frozen=True)
class Fonts:
    """Fonts to draw text with: files, or numbers of OpenCV's Hershey fonts."""

    handwritten: tuple[Path | int, ...] = _HERSHEY_HANDWRITTEN
    printed: tuple[Path | int, ...] = _HERSHEY_PRINTED

    @property
    def has_handwritten_digits(self) -> bool:
        """Whether the handwriting fonts are good enough to train on their digits; OpenCV's are not."""
        return isinstance(self.handwritten[0], Path)


@dataclass(frozen=True)
class RenderedText:
    """A rendered line of text."""

    ink: Coverage
    ascent_px: int
    """Distance from the first row of the ink down to the baseline."""


class Face:
    """A font at one size."""

    def __init__(self, font: Path | int, height_px: float) -> None:
        """Open a font.

        Args:
            font: a file, or the number of a Hershey font of OpenCV.
            height_px: height of its digits and capitals.
        """
        self._font: ImageFont.FreeTypeFont | int
        self._pen_px = max(1, round(height_px / 12))
        self._scale = height_px / 21  # capitals of the Hershey fonts are 21 pixels high at scale 1
        if isinstance(font, int):
            self._font = font
            return
        from PIL import ImageFont  # an evaluation draws with OpenCV's fonts only, and Pillow may be missing

        sample = ImageFont.truetype(font, 64, layout_engine=ImageFont.Layout.BASIC)
        _, top, _, bottom = sample.getbbox("0", anchor="ls")
        size = max(4, round(64 * height_px / max(1, bottom - top)))
        self._font = ImageFont.truetype(font, size, layout_engine=ImageFont.Layout.BASIC)

    def draw(self, text: str) -> RenderedText:
        """Render a line of text."""
        if isinstance(self._font, int):
            (w, h), below = cv2.getTextSize(text, self._font, self._scale, self._pen_px)
            pad = 4 * self._pen_px + 4
            canvas = np.zeros((h + below + 2 * pad, w + 2 * pad), np.uint8)
            cv2.putText(canvas, text, (pad, h + pad), self._font, self._scale, 255, self._pen_px, cv2.LINE_AA)
            baseline = h + pad
        else:
            from PIL import Image, ImageDraw

            left, top, right, bottom = (int(v) for v in self._font.getbbox(text, anchor="ls"))
            image = Image.new("L", (max(1, right - left + 4), max(1, bottom - top + 4)))
            ImageDraw.Draw(image).text((2 - left, 2 - top), text, fill=255, font=self._font, anchor="ls")
            canvas, baseline = np.array(image, np.uint8), 2 - top
        ink, (_, y) = crop_to_ink(canvas)
        return RenderedText(ink, baseline - y)


def load_fonts(folder: Path) -> Fonts:
    """Return the fonts in the subfolders `hand/` and `print/` of a folder.

    Raises:
        DatasetError: one of the two subfolders has no font.
    """
    found = []
    for name in ("hand", "print"):
        files = tuple(sorted(p for p in (folder / name).glob("*") if p.suffix.lower() in SUFFIXES))
        if not files:
            raise DatasetError(
                f"no font ({', '.join(SUFFIXES)}) in {folder / name}", advice="add one or give no font folder"
            )
        found.append(files)
    return Fonts(*found)
