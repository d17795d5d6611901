"""Ink: how much darker, or lighter, each pixel is than the paper around it.

Ink may be coloured, so the channel that shows it best counts. Each pixel is divided by the brightness of the paper
around it, so uneven light and shadows matter little when the ink is binarized.

`NOISE_FACTOR` and `NOISE_OFFSET` decide which writing of a picture is too faint to be ink. `agent.vision.faint` finds
writing that is faint only in comparison with darker ink in the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.histogram import histogram, otsu_threshold, quantile

Gray = NDArray[np.uint8]
"""Grey picture, uint8 (h, w)."""
Picture = NDArray[np.uint8]
"""Colour picture, BGR uint8 (h, w, 3)."""
Affine = NDArray[np.float64]
"""Affine transform as OpenCV takes it, float64 (2, 3)."""
Gains = NDArray[np.float64]
"""Factor of each channel, float64 (3,)."""

MAX_ENLARGEMENT = 2.0
"""Largest factor by which a small picture is enlarged. Raising it only blurs, and costs time. Chosen by trial on
drawn pages and the sample pictures."""
MIN_ENLARGEMENT = 1.3
"""A picture that would be enlarged by no more than this factor keeps its size, because resampling blurs it. Raising it
enlarges fewer pictures. Chosen by trial on drawn pages and the sample pictures."""
MIN_PAPER_MAP_PX = 80
"""The paper is estimated on a small copy of the picture. Its longest side has between this many pixels and twice as
many. Raising it takes more time. Chosen by trial on drawn pages and the sample pictures."""
PAPER_REACH_SHARE = 0.11
"""Width of the median filter that estimates the paper, as a share of the longest side: wider than half a digit,
narrower than a shadow. Raising it keeps shadows in the ink, lowering it takes large strokes for paper. Chosen by trial
on drawn pages and the sample pictures."""
MAX_FIELD_PX = 480
"""A working image whose shorter side has fewer pixels than this may be a single field with a digit as high as the
picture. In such an image the paper is estimated with `FIELD_REACH_SHARE`. Raising it takes more pictures for single
fields. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""
FIELD_REACH_SHARE = 0.6
"""Smallest width of the median filter in a small picture, as a share of its shorter side. Lowering it takes a digit
that fills the picture for paper. Chosen by trial on drawn pages and the sample pictures."""
MIN_PAPER_BRIGHTNESS = 16
"""Smallest brightness of the paper, of 255, by which the picture is divided; a smaller one would turn noise into ink.
Raising it loses writing in dark places. Chosen by trial on drawn pages and the sample pictures. The sensitivity run
found no effect at ±20 %."""
SHADOW_REACH_SHARE = 0.5
"""Size of the strokes that are taken off the paper in a small picture (`FIELD_REACH_SHARE`), as a share of the width of
the median filter: wider than a stroke of a digit that fills the picture. Raising it keeps more of a shadow in the ink.
Chosen by trial on drawn digits of writers that training uses."""
PAPER_SMOOTHING_SHARE = 0.25
"""Standard deviation of the Gaussian filter that smooths the estimated paper, as a share of the width of the median
filter. Raising it blurs the edges of shadows. Chosen by trial."""
STRONG_INK_QUANTILE = 0.98
"""Quantile of the contrast in the small copy of a picture that counts as the contrast of strong ink. It decides between
dark and light ink in a picture that may have both, and which pixels count as ink of a pen. Raising it lets a few very
dark pixels decide. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect at
±20 %."""
BOTH_POLARITIES_QUANTILE = 0.995
"""Quantile of the contrast that decides whether a picture has both dark and light ink. It is higher than
`STRONG_INK_QUANTILE` because the rarer kind may be sparse. Raising it lets a few very light or dark pixels decide.
Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no effect at ±20 %."""
MIN_BOTH_POLARITIES_RATIO = 0.42
"""A picture has dark and light ink if the weaker contrast is at least this share of the stronger one. Lowering it
analyses more pictures twice. Chosen by trial on drawn pages and the sample pictures. The sensitivity run found no
effect at ±20 %."""
SMOOTHING_RADIUS_PX = 1
"""Radius in working pixels of the Gaussian filter that smooths the contrast. Raising it blurs thin strokes. Chosen by
trial."""
HISTOGRAM_STEP = 2
"""Distance between the rows that are counted in the histogram of a large picture (`MAX_HISTOGRAM_PX`). Raising it saves
time and makes the threshold less exact. Chosen by trial."""
NOISE_FACTOR = 4.0
"""The noise limit is this multiple of the median contrast, plus `NOISE_OFFSET`: ink must exceed the texture of the
paper. Raising it loses faint ink. Chosen by trial on drawn pages and the sample pictures."""
NOISE_OFFSET = 5
"""Contrast, of 255, that is added to the noise limit. Raising it loses faint ink. Chosen by trial on drawn pages and
the sample pictures."""
INK_QUANTILE = 0.998
"""Quantile of the contrast that is scaled to strength 255. Lowering it makes all ink stronger. Chosen by trial on drawn
pages and the sample pictures."""
MIN_INK_ABOVE_NOISE = 20
"""The contrast that is scaled to strength 255 exceeds the noise limit by at least this, of 255, so that a blank page is
not amplified without limit. Raising it makes faint ink weaker. Chosen by trial on drawn pages and the sample pictures.
The sensitivity run found no effect at ±20 %."""
MAX_HISTOGRAM_PX = 100_000
"""In a picture with more pixels than this, only every second row (`HISTOGRAM_STEP`) is counted in the histogram, to
save time. Raising it costs time. Chosen by trial. The sensitivity run found no effect at ±20 %."""


class Paper(NamedTuple):
    """The paper of a picture, estimated on a small copy of it."""

    gains: Gains
    """Factors of the channels that make the paper grey, float64 (3,)."""
    gray: Gray
    """uint8 (h, w): the darkest channel of each pixel of the small copy, after the gains."""
    brightness: Gray
    """uint8 (h, w): brightness of the paper in the small copy, without the ink."""
    reach: int
    """Width of the median filter in pixels of the small copy; odd."""


@dataclass(frozen=True, eq=False)
class Ink:
    """Contrast with the paper, at the scale of the working image."""

    strength: Gray
    """uint8 (h, w): 0 is paper, 255 is the strongest ink."""
    scale: float
    """Pixels of the working image per pixel of the picture."""
    threshold: int
    """Otsu's threshold of the strength: it separates ink from paper best."""
    paper: Paper
    """The paper before deskewing; for light ink the paper of the negative."""
    deskew_inverse: Affine | None = None
    """Transform from pixels of `strength` to pixels of the working image; None if the ink was not deskewed."""
    noise: int = 0
    """Strength below which there is only texture of the paper."""
    contrast: float = 255.0
    """Contrast with the paper that has strength 255; 255 is black on white."""


class WorkingImage(NamedTuple):
    """A picture at the size at which it is analysed, and its paper."""

    picture: Picture
    """The scaled picture, BGR uint8 (h, w, 3)."""
    scale: float
    """Pixels of the working image per pixel of the original picture."""
    small: Picture
    """Small copy, BGR uint8, on which the paper was estimated."""
    paper: Paper


def prepare(image: Picture, longest_px: int) -> WorkingImage:
    """Scale a picture to its working size and estimate its paper.

    Args:
        image: BGR, uint8 (H, W, 3).
        longest_px: longest side of the working image; large pictures are reduced to it, small ones enlarged up to
            `MAX_ENLARGEMENT`.
    """
    picture, scale = _to_working_size(image, longest_px)
    small = _halve(picture, MIN_PAPER_MAP_PX)
    return WorkingImage(picture, scale, small, _estimate_paper(small, _paper_reach(picture, small)))


def find_ink(image: Picture, longest_px: int) -> Ink:
    """Return the stronger ink of a picture, either dark or light. The arguments are the same as in `prepare`."""
    return find_inks(prepare(image, longest_px), both=False)[0]


def find_inks(working: WorkingImage, *, both: bool = True) -> tuple[Ink, ...]:
    """Return the ink of a picture: dark ink, light ink, or both in this order.

    Args:
        working: the picture and its paper.
        both: whether to return both kinds if the picture has both; if False, only the stronger kind.
    """
    picture, scale, small, paper = working
    darker, lighter = _contrast_quantiles(paper, BOTH_POLARITIES_QUANTILE)
    # The rarer kind decides first: a single digit covers less of a picture than a glow on its paper.
    has_both = min(darker, lighter) >= MIN_BOTH_POLARITIES_RATIO * max(darker, lighter)
    if has_both:
        darker, lighter = _contrast_quantiles(paper, STRONG_INK_QUANTILE)
    is_dark = darker >= lighter
    both = both and has_both
    inks = [make_ink(_contrast(picture, paper), scale, paper)] if both or is_dark else []
    if both or not is_dark:
        negative = _estimate_paper(_inverted(small), paper.reach)
        inks.append(make_ink(_contrast(_inverted(picture), negative), scale, negative))
    return tuple(inks)


def make_ink(contrast: Gray, scale: float, paper: Paper) -> Ink:
    """Make ink from contrast: scale it to full strength, and find its noise limit and its threshold.

    Args:
        contrast: uint8 (h, w): difference of each pixel to the paper; 255 is black on white.
        scale: pixels of the working image per pixel of the picture.
        paper: paper that the contrast was computed with.
    """
    width_px = 2 * SMOOTHING_RADIUS_PX + 1
    contrast = np.asarray(cv2.GaussianBlur(contrast, (width_px, width_px), 0), np.uint8)
    counts = histogram(contrast[::HISTOGRAM_STEP] if contrast.size > MAX_HISTOGRAM_PX else contrast)
    noise = NOISE_FACTOR * quantile(counts, 0.5) + NOISE_OFFSET
    full = full_contrast(counts, noise)
    strength = np.asarray(cv2.convertScaleAbs(contrast, alpha=255 / full), np.uint8)
    # The histogram of the strength follows from the histogram of the contrast.
    strengths = np.minimum(np.rint(np.arange(256) * (255 / full)), 255).astype(np.intp)
    strength_counts = np.asarray(np.bincount(strengths, counts, 256), np.float64)
    scaled_noise = int(255 * noise / full)
    threshold = otsu_threshold(strength_counts, scaled_noise)
    return Ink(strength, scale, threshold, paper, noise=scaled_noise, contrast=full)


def full_contrast(counts: NDArray[np.float32], noise: float) -> float:
    """Return the contrast that is to become strength 255, from the histogram of the contrast and its noise limit."""
    return max(quantile(counts, INK_QUANTILE), noise + MIN_INK_ABOVE_NOISE)


def _to_working_size(image: Picture, longest_px: int) -> tuple[Picture, float]:
    """Return the scaled picture and the scale factor."""
    h, w = image.shape[:2]
    longest = max(h, w)
    scale = min(MAX_ENLARGEMENT, longest_px / longest)
    if 1 <= scale <= MIN_ENLARGEMENT:
        return image, 1.0
    method = cv2.INTER_LINEAR if scale < 1 else cv2.INTER_CUBIC
    size = max(1, round(w * scale)), max(1, round(h * scale))
    return np.asarray(cv2.resize(_halve(image, longest_px), size, interpolation=method), np.uint8), scale


def _halve(picture: Picture, longest_px: int) -> Picture:
    """Halve a picture as often as its longest side stays at least `longest_px`: the cheapest way to make it small."""
    while max(picture.shape[:2]) >= 2 * longest_px:
        h, w = (max(1, side // 2) for side in picture.shape[:2])
        even = picture[: max(1, 2 * h), : max(1, 2 * w)]
        picture = np.asarray(cv2.resize(even, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
    return picture


def _contrast(picture: Picture, paper: Paper) -> Gray:
    """Return how much darker each pixel is than the paper, uint8 (h, w); 255 is black on white."""
    brightness = enlarge_brightness(_with_shadows(paper), picture)
    return np.asarray(
        cv2.bitwise_not(cv2.divide(_darkest_channel(picture, paper.gains), brightness, scale=255)), np.uint8
    )


def _with_shadows(paper: Paper) -> Gray:
    """Return the brightness of the paper, uint8 (h, w), with sharp edges of shadows in a small picture.

    A wide median blurs these edges. The picture without strokes does not, so the darker of the two counts.
    """
    usual_reach = PAPER_REACH_SHARE * max(paper.gray.shape)
    if paper.reach == _odd(usual_reach):
        return paper.brightness
    size = _odd(max(usual_reach, SHADOW_REACH_SHARE * paper.reach))
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    without_strokes = cv2.morphologyEx(cv2.GaussianBlur(paper.gray, (3, 3), 0), cv2.MORPH_CLOSE, ellipse)
    return np.asarray(cv2.min(paper.brightness, without_strokes), np.uint8)


def enlarge_brightness(brightness: Gray, picture: Picture) -> Gray:
    """Return the brightness of the paper, never 0, at the size of a picture, uint8 (h, w)."""
    brightness = np.maximum(brightness, MIN_PAPER_BRIGHTNESS)
    return np.asarray(cv2.resize(brightness, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _inverted(picture: Picture) -> Picture:
    return np.asarray(cv2.bitwise_not(picture), np.uint8)


def _paper_reach(picture: Picture, small: Picture) -> int:
    """Return the width of the median filter in pixels of the small copy; odd."""
    reach: float = PAPER_REACH_SHARE * max(small.shape[:2])
    if min(picture.shape[:2]) < MAX_FIELD_PX:
        reach = max(reach, FIELD_REACH_SHARE * min(small.shape[:2]))
    return _odd(reach)


def _odd(width: float) -> int:
    """Return an odd width of a filter, in pixels."""
    return max(3, round(width) | 1)


def _estimate_paper(small: Picture, reach: int) -> Paper:
    """Estimate the paper of a small picture: a wide median, smoothed so that it can be enlarged."""
    colour = np.maximum(cv2.mean(small)[:3], 1)
    gains = colour.max() / colour
    gray = _darkest_channel(small, gains)
    brightness = cv2.GaussianBlur(cv2.medianBlur(gray, reach), (0, 0), PAPER_SMOOTHING_SHARE * reach)
    return Paper(gains, gray, np.asarray(brightness, np.uint8), reach)


def _darkest_channel(picture: Picture, gains: Gains) -> Gray:
    """Return the darkest channel of each pixel after the gains, uint8 (h, w)."""
    blue, green, red = balance(picture, gains)
    return np.asarray(cv2.min(cv2.min(blue, green), red), np.uint8)


def balance(picture: Picture, gains: Gains) -> list[cv2.typing.MatLike]:
    """Return the blue, green and red channel after the gains that make the paper grey, each uint8 (h, w)."""
    channels = zip(cv2.split(picture), gains, strict=True)
    return [cv2.convertScaleAbs(c, alpha=g) if g > 1 else c for c, g in channels]


def _contrast_quantiles(paper: Paper, share: float) -> tuple[float, float]:
    """Return a quantile of how much darker pixels are than the paper (pen), and one of how much lighter (chalk)."""
    differences = cv2.subtract(paper.brightness, paper.gray), cv2.subtract(paper.gray, paper.brightness)
    darker, lighter = (quantile(histogram(np.asarray(d, np.uint8)), share) for d in differences)
    return darker, lighter
