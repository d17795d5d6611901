"""From a picture to ink: how much darker each pixel is than the paper around it.

Inks are coloured: of a pixel's channels the one counts that shows it most. Light falls off and shadows lie across:
dividing by the paper's own brightness takes most of that away before any threshold is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Picture = NDArray[np.uint8]
Turn = NDArray[np.float64]
Gains = NDArray[np.float64]
"""A factor for each channel."""

MOST_ENLARGED = 2.0
"""Small pictures are enlarged, but no further: strokes one pixel wide hold no shape, and blurred ones no more of it."""
WORTH_ENLARGING = 1.3
"""Enlarging less would blur more than it shows."""
PAPER_MAP_PX = 80
"""The paper is estimated on a small picture, whose longest side is at least this, and less than twice as much."""
PAPER_REACH = 0.11
"""Reach of the paper's estimate, as a share of the longest side: more than half a digit, less than a shadow."""
FEW_LINES_PX = 480
"""In a picture whose shorter side, at its working scale, is less, a digit may be as high as the picture ..."""
FIELD_REACH = 0.6
"""... and the paper's estimate reaches at least that far, as a share of the shorter side."""
DARKEST_PAPER = 16
"""Nothing is read in what is darker than this: dividing by it would make ink of noise."""
STRONG = 0.98
"""Whether ink is dark or light tell the contrasts that this share of the small picture does not reach ..."""
STRONGEST = 0.995
"""... and whether there is some of both kinds, these: the rarer may be sparse."""
BOTH = 0.42
"""A picture in which the lesser contrast reaches this share of the stronger one has ink of both kinds."""
NOISE_SIGMAS = 4.0
"""Ink must stand out from the paper's own texture by this much."""
LIGHTER = 0.8
"""Writing whose level is less than this share of what it is with the printed lines is lighter than these."""
MUCH = 0.1
"""So much is written, as a share of the printed lines."""
LEAST_FAINT = 0.01
"""Fainter writing is at least so much, as a share of the rest ..."""
CLEAR, TEXTURE = 3.5, 0.8
"""... and stands out so many times as much as what this share of the rest stays below: compression makes blocks of bare
paper that are too faint to show and yet shaped like digits."""
WIDE = 0.03
"""Faint strokes are thinner than this share of the working picture's longest side ..."""
LEAST_WIDE_PX = 15
"""... or than this."""
SAMPLED = 100_000
"""Beyond this many pixels every second row tells enough of how contrast is distributed."""


class Paper(NamedTuple):
    """The paper of a small picture."""

    gains: Gains
    """What makes it grey."""
    gray: Gray
    """uint8 (h, w): the picture in its darkest channels, made grey."""
    brightness: Gray
    """uint8 (h, w): what of that is paper."""
    reach: int
    """How far the estimate reaches, in pixels; odd."""


@dataclass(frozen=True, eq=False)
class Ink:
    """What stands out from the paper, at the working scale."""

    strength: Gray
    """uint8 (h, w): 0 is paper, 255 is as dark as ink gets."""
    scale: float
    """Working pixels to one pixel of the picture."""
    threshold: int
    """The strength that best parts ink from paper."""
    paper: Paper
    """What it stands out from, of the picture as it stood; of light ink the negative."""
    turned_back: Turn | None = None
    """Where the picture was turned: float64 (2, 3), from these pixels to those of the working picture as it stood."""
    noise: int = 0
    """Less strength than this is the paper's own texture."""


class WorkingImage(NamedTuple):
    """A picture that ink is sought in."""

    picture: Picture
    """BGR, uint8 (h, w, 3), at its working scale."""
    scale: float
    """Working pixels to one pixel of the picture as it was."""
    small: Picture
    """The same, small."""
    paper: Paper
    """Of the small picture."""


def prepare(image: Picture, longest_px: int) -> WorkingImage:
    """A picture at its working scale, and its paper.

    Args:
        image: BGR, uint8 (H, W, 3).
        longest_px: longest side of the working picture; larger pictures are reduced to it, small ones enlarged.
    """
    picture, scale = _to_working_scale(image, longest_px)
    small = _halved(picture, PAPER_MAP_PX)
    return WorkingImage(picture, scale, small, _paper(small, _paper_reach(picture, small)))


def find_ink(image: Picture, longest_px: int) -> Ink:
    """What stands out from a picture's paper: what is darker, or where more is lighter, that. As `prepare` takes it."""
    return find_inks(prepare(image, longest_px), both=False)[0]


def find_inks(sheet: WorkingImage, *, both: bool = True) -> tuple[Ink, ...]:
    """What stands out from the paper, and what stands out the other way where a picture has both.

    Args:
        sheet: the picture.
        both: whether the lesser is wanted, too.
    """
    picture, scale, small, paper = sheet
    darker, lighter = _standing_out(paper, STRONG)
    is_dark = darker >= lighter
    lesser, stronger = sorted(_standing_out(paper, STRONGEST))
    both = both and lesser >= BOTH * stronger
    inks = [make_ink(_contrast(picture, paper), scale, paper)] if both or is_dark else []
    if both or not is_dark:
        negative = _paper(_inverted(small), paper.reach)
        inks.append(make_ink(_contrast(_inverted(picture), negative), scale, negative))
    return tuple(inks)


def make_ink(contrast: Gray, scale: float, paper: Paper) -> Ink:
    """The ink of a picture.

    Args:
        contrast: uint8 (h, w): how much each pixel stands out from the paper; 255 is black on white.
        scale: working pixels to one pixel of the picture.
        paper: what it stands out from.
    """
    contrast = np.asarray(cv2.GaussianBlur(contrast, (3, 3), 0), np.uint8)
    histogram = _histogram(contrast[::2] if contrast.size > SAMPLED else contrast)
    noise = NOISE_SIGMAS * _quantile(histogram, 0.5) + 5
    top = max(_quantile(histogram, 0.998), noise + 20)
    strength = np.asarray(cv2.convertScaleAbs(contrast, alpha=255 / top), np.uint8)
    strengths = np.minimum(np.rint(np.arange(256) * (255 / top)), 255).astype(np.intp)
    strong = np.asarray(np.bincount(strengths, histogram, 256), np.float64)
    noise = int(255 * noise / top)
    return Ink(strength, scale, _otsu_threshold(strong, noise), paper, noise=noise)


def rescale_without_print(ink: Ink, print_: Gray) -> Ink:
    """The ink at the strength and level of what is written where what is printed is darker: pencil between borders.

    Args:
        ink: of a picture.
        print_: uint8 (h, w), not 0 where printed lines are.
    """
    near = np.asarray(cv2.dilate(print_, np.ones((5, 5), np.uint8)))
    histogram = _histogram(ink.strength, (near == 0).astype(np.uint8))
    gain = 255 / max(_quantile(histogram, 0.998), ink.noise + 20)
    written = _otsu_threshold(np.asarray(histogram, np.float64), ink.noise)
    if written >= LIGHTER * ink.threshold or histogram[written:].sum() < MUCH * cv2.countNonZero(print_):
        return ink
    strength = np.asarray(cv2.convertScaleAbs(ink.strength, alpha=gain), np.uint8)
    return replace(ink, strength=strength, threshold=min(200, round(gain * written)), noise=round(gain * ink.noise))


def extract_faint(ink: Ink, known: Gray) -> Ink | None:
    """The ink at the strength and level of what is far fainter than the rest: pencil beside print, or a dark table.

    Args:
        ink: of a picture.
        known: uint8 (h, w), not 0 where the rest is.

    Returns:
        None where nothing is left that stands out from the paper.
    """
    rest = (known == 0).astype(np.uint8)
    gain = 255 / max(_quantile(_histogram(ink.strength, rest), 0.998), ink.noise + 20)
    strength = np.asarray(cv2.convertScaleAbs(ink.strength, alpha=gain), np.uint8)
    noise = round(gain * ink.noise)
    histogram = _histogram(strength, rest)
    written = _otsu_threshold(np.asarray(histogram, np.float64), noise)
    few = histogram[written:].sum() < LEAST_FAINT * cv2.countNonZero(known)
    if few or written < CLEAR * _quantile(histogram, TEXTURE):
        return None
    return replace(ink, strength=_thin(strength), threshold=written, noise=noise)


def _thin(strength: Gray) -> Gray:
    """What is no wider than a stroke: the rims of shadows and the dark corners of a lens are as faint as pencil."""
    wide_px = max(LEAST_WIDE_PX, round(WIDE * max(strength.shape))) | 1
    wide = cv2.morphologyEx(strength, cv2.MORPH_OPEN, np.ones((wide_px, wide_px)))
    return np.where(wide > strength // 2, np.uint8(0), strength)


def _to_working_scale(image: Picture, longest_px: int) -> tuple[Picture, float]:
    h, w = image.shape[:2]
    longest = max(h, w)
    scale = min(MOST_ENLARGED, longest_px / longest)
    if 1 <= scale <= WORTH_ENLARGING:
        return image, 1.0
    method = cv2.INTER_LINEAR if scale < 1 else cv2.INTER_CUBIC
    size = max(1, round(w * scale)), max(1, round(h * scale))
    return np.asarray(cv2.resize(_halved(image, longest_px), size, interpolation=method), np.uint8), scale


def _halved(picture: Picture, longest_px: int) -> Picture:
    """A picture halved while its longest side stays at least `longest_px`: the cheapest way to make it small."""
    while max(picture.shape[:2]) >= 2 * longest_px:
        h, w = (max(1, side // 2) for side in picture.shape[:2])
        even = picture[: max(1, 2 * h), : max(1, 2 * w)]
        picture = np.asarray(cv2.resize(even, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
    return picture


def _contrast(picture: Picture, paper: Paper) -> Gray:
    """How much darker than the paper, uint8 (h, w); 255 is black on white."""
    everywhere = enlarged(paper.brightness, picture)
    return np.asarray(cv2.bitwise_not(cv2.divide(_darkest(picture, paper.gains), everywhere, scale=255)), np.uint8)


def enlarged(brightness: Gray, picture: Picture) -> Gray:
    """The paper's brightness, never 0, for each pixel of a picture, uint8 (h, w)."""
    bright = np.maximum(brightness, DARKEST_PAPER)
    return np.asarray(cv2.resize(bright, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _inverted(picture: Picture) -> Picture:
    return np.asarray(cv2.bitwise_not(picture), np.uint8)


def _paper_reach(picture: Picture, small: Picture) -> int:
    """Reach of the paper's estimate on a small picture, in its pixels; odd."""
    share: float = PAPER_REACH * max(small.shape[:2])
    if min(picture.shape[:2]) < FEW_LINES_PX:
        share = max(share, FIELD_REACH * min(small.shape[:2]))
    return max(3, round(share) | 1)


def _paper(small: Picture, reach: int) -> Paper:
    """The paper of a small picture: a wide median, and so smooth that it may be enlarged."""
    colour = np.maximum(cv2.mean(small)[:3], 1)
    gains = colour.max() / colour
    gray = _darkest(small, gains)
    brightness = cv2.GaussianBlur(cv2.medianBlur(gray, reach), (0, 0), reach / 4)
    return Paper(gains, gray, np.asarray(brightness, np.uint8), reach)


def _darkest(picture: Picture, gains: Gains) -> Gray:
    """Of each pixel the channel that is darkest once paper is grey, uint8 (h, w)."""
    blue, green, red = balanced(picture, gains)
    return np.asarray(cv2.min(cv2.min(blue, green), red), np.uint8)


def balanced(picture: Picture, gains: Gains) -> list[cv2.typing.MatLike]:
    """The channels once paper is grey, three times uint8 (h, w)."""
    channels = zip(cv2.split(picture), gains, strict=True)
    return [cv2.convertScaleAbs(c, alpha=g) if g > 1 else c for c, g in channels]


def _standing_out(paper: Paper, share: float) -> tuple[float, float]:
    """How much darker than its paper (pen) all but the darkest of a small picture is at most, and lighter (chalk)."""
    differences = cv2.subtract(paper.brightness, paper.gray), cv2.subtract(paper.gray, paper.brightness)
    darker, lighter = (_quantile(_histogram(np.asarray(d, np.uint8)), share) for d in differences)
    return darker, lighter


def _histogram(gray: Gray, where: cv2.typing.MatLike | None = None) -> NDArray[np.float32]:
    """Pixels of each value, float32 (256,), of those where a mask is not 0."""
    return np.asarray(cv2.calcHist([gray], [0], where, [256], [0, 256]).ravel(), np.float32)


def _quantile(histogram: NDArray[np.float32], share: float) -> float:
    """The value below or at which a share of the pixels lies."""
    counts = np.cumsum(histogram)
    return float(np.searchsorted(counts, share * counts[-1]))


def _otsu_threshold(histogram: NDArray[np.float64], noise: int) -> int:
    """Otsu's threshold among the strengths that are more than noise, of which `histogram`, (256,), tells how many."""
    histogram[: min(noise, 200)] = 0
    counts = np.cumsum(histogram)
    if counts[-1] == 0:
        return 255
    sums = np.cumsum(histogram * np.arange(256))
    below = sums / np.maximum(counts, 1)
    above = (sums[-1] - sums) / np.maximum(counts[-1] - counts, 1)
    between = counts * (counts[-1] - counts) * (above - below) ** 2
    return int(np.clip(np.argmax(between), 24, 200))
