"""Find writing that is faint only beside darker things in the same picture, such as printed lines or a dark table.

Examples are pencil between printed lines, pencil beside a marker, and a sheet on a dark table. Ink is scaled so that
the strongest ink of a picture has full strength. If something else is far darker than the writing, the writing is too
weak after this. The functions of this module then scale the ink again, to the writing alone.

To ignore faint writing in all pictures, raise `NOISE_FACTOR` or `NOISE_OFFSET` of `agent.vision.ink`. To ignore faint
writing only beside darker ink, raise `MIN_FAINT_CONTRAST`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.binarize import Binarized, binarize, printed_lines
from agent.vision.digits import Digit
from agent.vision.histogram import MAX_THRESHOLD, histogram, otsu_threshold, quantile
from agent.vision.ink import Gray, Ink, full_contrast

MAX_WRITING_RATIO = 0.8
"""The ink is scaled to the writing only if the threshold without printed lines is below this share of the threshold
with them. Raising it rescales more pictures. Chosen by trial on drawn pages and the sample pictures."""
MIN_WRITING_SHARE = 0.1
"""The ink is scaled to the writing only if the writing has at least this many pixels, as a share of the printed lines.
Raising it rescales fewer pictures. Chosen by trial on drawn pages and the sample pictures."""
PRINT_HALO_PX = 5
"""Width in working pixels of the square by which print is dilated before the ink is scaled to the writing, because its
border is blurred. Raising it ignores more of the writing beside lines. Chosen by trial."""
STRONG_INK_FACTOR = 0.35
"""Strong ink is every component above this multiple of the threshold that has a pixel above the threshold itself, as in
hysteresis thresholding. Lowering it counts more of the blurred borders as strong ink. Chosen by trial on drawn pages
and the sample pictures."""
HALO_PX = 7
"""Width in working pixels of the square by which strong ink is dilated, because its border is blurred. Raising it
ignores more faint ink beside strong ink. Chosen by trial on drawn pages and the sample pictures."""
MIN_FAINT_SHARE = 0.01
"""Faint ink has at least this many pixels, as a share of the strong ink. Raising it analyses fewer pictures for faint
ink. Chosen by trial on drawn pages and the sample pictures."""
MIN_FAINT_CONTRAST = 3.5
"""The threshold of faint ink is at least this multiple of the strength of the texture (`TEXTURE_QUANTILE`). Lowering it
lets in the blocks that JPEG compression makes of bare paper, some of which look like digits. Chosen by trial on drawn
pages and the sample pictures."""
TEXTURE_QUANTILE = 0.8
"""Quantile of the strength beside strong ink that counts as the texture of the paper. Raising it loses faint strokes.
Chosen by trial on drawn pages and the sample pictures."""
RING_HEIGHTS = 1.8
"""A faint 0 that is higher than this many heights of the digits in darker ink is the ring of a cup. Raising it reads
such rings, lowering it loses large faint 0s. A guess that was never measured."""
MAX_STROKE_SHARE = 0.03
"""Faint strokes are thinner than this share of the longest side of the working image; wider marks are removed. Raising
it keeps shadows and the dark corners of a lens. Chosen by trial on drawn pages and the sample pictures."""
MIN_WIDE_PX = 15
"""Marks thinner than this, in working pixels, count as strokes in pictures of any size. Raising it keeps more shadows.
Chosen by trial on drawn pages and the sample pictures."""
WIDE_DIVISOR = 2
"""A pixel belongs to a wide mark if the opened ink there is stronger than the ink divided by this. Raising it removes
more of the strokes that touch wide marks. Chosen by trial."""
FAINT_CHECK_FACTOR = 0.9
"""Multiple of the threshold of the faint ink at which a mask is made to see whether there is writing. Raising it
overlooks more faint writing. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no
effect at ±20 %."""
MAX_KNOWN_SHARE = 0.1
"""A component of faint ink is new if less than this share of its box is strong ink. Raising it counts more components
as new. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""
MIN_FAINT_COMPONENTS = 4
"""Number of new components of a digit's size from which faint ink is analysed. Raising it saves time and loses short
numbers. Chosen by trial on drawn pages and the sample pictures."""
MAX_SPECKS_PER_COMPONENT = 25
"""Faint ink with more new specks than this for each new component is texture. Raising it lets texture in. Chosen by
trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""


def rescale_to_writing(ink: Ink, binarized: Binarized) -> Ink:
    """Return the ink scaled to the writing, if ruled lines and form boxes are much darker; otherwise the same ink.

    Args:
        ink: the ink of a picture.
        binarized: a mask of this ink.
    """
    lines = printed_lines(binarized)
    if not cv2.countNonZero(lines):
        return ink
    # Corners of boxes and ticks on lines are print, too: take whole components.
    _, labels = cv2.connectedComponents(binarized.mask)
    has_lines = np.bincount(labels[lines > 0], minlength=labels.max() + 1) > 0
    return _rescale_without(ink, has_lines[labels].astype(np.uint8))


def _rescale_without(ink: Ink, printed: Gray) -> Ink:
    """Return the ink scaled to the part that is not printed; `printed` is uint8 (h, w), not 0 at printed lines."""
    near = np.asarray(cv2.dilate(printed, np.ones((PRINT_HALO_PX, PRINT_HALO_PX), np.uint8)))
    counts = histogram(ink.strength, (near == 0).astype(np.uint8))
    gain = 255 / full_contrast(counts, ink.noise)
    threshold = otsu_threshold(np.asarray(counts, np.float64), ink.noise)
    writing_px = counts[threshold:].sum()
    if threshold >= MAX_WRITING_RATIO * ink.threshold or writing_px < MIN_WRITING_SHARE * cv2.countNonZero(printed):
        return ink
    strength = np.asarray(cv2.convertScaleAbs(ink.strength, alpha=gain), np.uint8)
    threshold = min(MAX_THRESHOLD, round(gain * threshold))
    return replace(
        ink, strength=strength, threshold=threshold, noise=round(gain * ink.noise), contrast=ink.contrast / gain
    )


def find_faint_ink(ink: Ink) -> Ink | None:
    """Return the ink that no mask of `ink` has because it is too faint. None if it shows no writing.

    The returned ink is scaled to full strength.
    """
    strong = _strong_ink(ink)
    faint = _scale_faint(ink, strong)
    return faint if faint is not None and _has_writing(faint, strong) else None


def _strong_ink(ink: Ink) -> Gray:
    """Return where strong ink and its blurred border are, uint8 (h, w) of 0 and 1."""
    _, mask = cv2.threshold(ink.strength, STRONG_INK_FACTOR * ink.threshold, 1, cv2.THRESH_BINARY)
    _, labels = cv2.connectedComponents(mask)
    strong = np.bincount(labels[ink.strength > ink.threshold], minlength=labels.max() + 1) > 0
    strong[0] = False  # the paper
    return np.asarray(cv2.dilate(strong[labels].astype(np.uint8), np.ones((HALO_PX, HALO_PX), np.uint8)), np.uint8)


def _scale_faint(ink: Ink, strong: Gray) -> Ink | None:
    """Return the ink scaled to the part that is not strong ink; None if no such ink exceeds the texture of the paper.

    Args:
        ink: the ink of a picture.
        strong: uint8 (h, w), not 0 where strong ink is.
    """
    rest = (strong == 0).astype(np.uint8)
    gain = 255 / full_contrast(histogram(ink.strength, rest), ink.noise)
    strength = np.asarray(cv2.convertScaleAbs(ink.strength, alpha=gain), np.uint8)
    noise = round(gain * ink.noise)
    counts = histogram(strength, rest)
    threshold = otsu_threshold(np.asarray(counts, np.float64), noise)
    too_little = counts[threshold:].sum() < MIN_FAINT_SHARE * cv2.countNonZero(strong)
    if too_little or threshold < MIN_FAINT_CONTRAST * quantile(counts, TEXTURE_QUANTILE):
        return None
    return replace(ink, strength=_remove_wide(strength), threshold=threshold, noise=noise, contrast=ink.contrast / gain)


def _remove_wide(strength: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Set marks wider than a stroke to 0, such as the edges of shadows and the dark corners of a lens."""
    width = max(MIN_WIDE_PX, round(MAX_STROKE_SHARE * max(strength.shape))) | 1
    wide = cv2.morphologyEx(strength, cv2.MORPH_OPEN, np.ones((width, width)))
    return np.where(wide > strength // WIDE_DIVISOR, np.uint8(0), strength)


def _has_writing(faint: Ink, strong: Gray) -> bool:
    """Return whether faint ink has enough components of a digit's size beside the strong ink, and few specks."""
    binarized = binarize(faint, FAINT_CHECK_FACTOR)
    x, y, w, h = binarized.written.boxes.T
    sums = cv2.integral(strong)
    known_px = sums[y + h, x + w] - sums[y, x + w] - sums[y + h, x] + sums[y, x]
    new = known_px < MAX_KNOWN_SHARE * w * h
    large = int((new & (np.maximum(w, h) >= binarized.min_px)).sum())
    specks = int(new.sum()) - large
    return large >= MIN_FAINT_COMPONENTS and specks <= MAX_SPECKS_PER_COMPONENT * large


def without_rings(faint: Iterable[Digit], dark: Sequence[Digit]) -> list[Digit]:
    """Return the digits in faint ink, without rings of cups: 0s that are much higher than the digits in darker ink."""
    max_height = RING_HEIGHTS * median(digit.box.h for digit in dark) if dark else float("inf")
    return [digit for digit in faint if digit.digit != 0 or digit.box.h <= max_height]
