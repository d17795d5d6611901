"""The direction of a page: whether it is turned too far to be read as it lies, and by which angle.

Deskewing corrects small angles only. Of a page that is turned further, or upside down, a part of the marks are still
read as digits, and wrongly. But such a page shows hardly any 3, 4 or 7: the other digits look like digits upside down,
too. A page without them is suspect. Then some of its marks are turned by each angle that comes into question, and the
nets say at which angle they are digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from agent.vision.binarize import Binarized
from agent.vision.box import Box
from agent.vision.candidates import Candidate
from agent.vision.classify import Nets, classify
from agent.vision.components import Atom, cut_out_each
from agent.vision.deskew import profile_sharpnesses, shrink_mask
from agent.vision.digits import NOT_A_DIGIT
from agent.vision.ink import Ink
from agent.vision.layers import MaskResult
from agent.vision.lines import Reading
from agent.vision.turn import Turn, turn_ink

UPRIGHT_DIGITS = (3, 4, 7)
"""Digits that look like no digit when they are upside down or sideways. Fixed by the shapes of the digits."""
SURE_PROBABILITY = 0.9
"""Only digits with at least this probability count as sure. Raising it suspects more pages. A guess that was never
measured."""
UPRIGHT_SHARE, TURNED_SHARE = 0.3, 0.02
"""Share of 3s, 4s and 7s among the sure digits of an upright page, and of one that is upside down. Raising the first or
lowering the second one trusts these digits more. Measured: 0.3 and 0.02 on drawn pages."""
MIN_UPRIGHT_SHARE = 0.1
"""A page is suspect if fewer than this share of its marks are sure 3s, 4s and 7s. Raising it suspects more upright
pages, and costs time. It lies between `TURNED_SHARE` and `UPRIGHT_SHARE`. A guess that was never measured."""
MIN_READ_SHARE = 0.52
"""A page is suspect if fewer than this share of its marks are sure digits. Raising it costs time. Measured: of a drawn
page turned by 40 and 45 degrees 43 and 50 % of the marks are sure digits as it lies, and all of them upright."""
MIN_MARKS = 8
"""With fewer marks there is too little evidence, and the page stays as it is. Raising it finds fewer turned pages. A
guess that was never measured."""
MAX_MARKS = 24
"""Number of marks that are turned. Raising it makes the angle surer and costs time. A guess that was never measured."""
MIN_MARK_SHARE, MAX_MARK_SHARE = 0.6, 2.2
"""Marks have a longer side between these multiples of the height of the digits: dots, lines and words do not count.
Raising the first one counts fewer dots, raising the second one counts more words. A guess that was never measured."""
STEP_DEG = 3.0
"""Step of the search for the direction of the lines, in degrees. Deskewing corrects the rest. Raising it saves time,
and may miss the direction. A guess that was never measured."""
MIN_SLOPE_DEG = 6.0
"""Lines that slope less than this are taken as horizontal. Raising it leaves more slope to deskewing. A guess that was
never measured."""
MIN_AXIS_RATIO = 2.0
"""The profile along the lines is this many times as sharp as the profile across them; if it is less sharp, both
directions come into question. Raising it costs time. A guess that was never measured."""
FLOOR = 0.02
"""A mark counts as a digit with at least this probability, so that no single mark decides. Raising it lets each mark
count less. A guess that was never measured."""
MAX_LONE_ZERO_SHARE = 0.4
"""Largest share of single 0s among the readings of a page that is read at another angle than it lies. Raising it reads
letters that lie on their sides as 0s. Measured: 0.6 to 0.9 on three drawn pages of print, 0 on 33 pages of digits."""
MASK_LEVEL = 127
"""Value of a turned mask, 0 to 255, above which a pixel belongs to it. Not tuned: half of 255."""
MIN_EVIDENCE = 5.0
"""Logarithm of the odds by which an angle must be better than the picture as it lies. Whether the page is turned is
decided after it was read at this angle; raising the value reads fewer pages twice, and finds fewer turned ones. A guess
that was never measured."""


def find_angle(masks: Sequence[MaskResult], nets: Nets) -> float | None:
    """Return the angle by which a page seems to be turned clockwise, 0 to 360 degrees; None if it seems to be upright.

    Args:
        masks: of the picture as it lies.
        nets: classifier and verifier.
    """
    if not masks:
        return None
    mask = max(masks, key=lambda one: len(one.digits))
    marks = _marks(mask.binarized)
    sure = [digit.digit for digit in mask.digits.values() if digit.probability >= SURE_PROBABILITY]
    upright = sum(label in UPRIGHT_DIGITS for label in sure)
    is_suspect = upright < MIN_UPRIGHT_SHARE * len(marks) or len(sure) < MIN_READ_SHARE * len(marks)
    if len(marks) < MIN_MARKS or not is_suspect:
        return None
    sample = marks[:: math.ceil(len(marks) / MAX_MARKS)]
    as_it_lies = _log_shares(mask.ink, sample, nets, 0.0)
    angles_deg = _angles_in_question(mask.binarized)
    shares = [_log_shares(mask.ink, sample, nets, angle_deg) for angle_deg in angles_deg]
    best = int(np.argmax(shares))
    evidence = shares[best] - as_it_lies + _log_odds_of_labels(upright, len(sure) - upright)
    return (_skew_deg(mask.ink) + angles_deg[best]) % 360 if evidence >= MIN_EVIDENCE else None


def is_print(readings: Sequence[Reading]) -> bool:
    """Whether the readings of a page at another angle than it lies are the letters of words: most are single 0s.

    At a right angle to its line, each letter of a word stands alone, and o, e, a and c look like 0.
    """
    zeros = sum(reading.digits_text == "0" for reading in readings)
    return zeros > MAX_LONE_ZERO_SHARE * len(readings)


def _marks(binarized: Binarized) -> list[Atom]:
    """Return the components of a mask that may be digits at any angle."""
    longer = binarized.written.boxes[:, 2:].max(axis=1, initial=0)
    least = max(binarized.min_px, MIN_MARK_SHARE * binarized.digit_px)
    indices = np.flatnonzero((longer >= least) & (longer <= MAX_MARK_SHARE * binarized.digit_px))
    return cut_out_each(binarized.written, indices.tolist())


def _angles_in_question(binarized: Binarized) -> list[float]:
    """Return the clockwise angles at which the lines of a page would be horizontal, without 0."""
    small = shrink_mask(binarized.written.mask * np.uint8(255))
    slopes = np.arange(-45.0, 45.0, STEP_DEG).tolist()
    slope, (along, across) = max(
        ((slope, profile_sharpnesses(small, slope)) for slope in slopes), key=lambda pair: max(pair[1])
    )
    quarters = range(4)
    if max(along, across) > MIN_AXIS_RATIO * min(along, across):
        quarters = range(0, 4, 2) if along > across else range(1, 4, 2)
    start = slope if abs(slope) >= MIN_SLOPE_DEG else 0.0
    return [angle_deg for quarter in quarters if (angle_deg := start + 90.0 * quarter)]


def _skew_deg(ink: Ink) -> float:
    """Return the clockwise angle at which the lines of a picture slope, in degrees, as deskewing found it."""
    if ink.deskew_inverse is None:
        return 0.0
    return math.degrees(math.atan2(ink.deskew_inverse[1, 0], ink.deskew_inverse[0, 0]))


def _log_odds_of_labels(upright: int, others: int) -> float:
    """Return the evidence for a turned page in the counts of sure 3s, 4s and 7s and of other sure digits; at least 0.

    They never speak against it: on a page that is turned by 45 degrees, some 3s, 4s and 7s are read.
    """
    odds_of_other = (1 - TURNED_SHARE) / (1 - UPRIGHT_SHARE)
    return max(0.0, upright * math.log(TURNED_SHARE / UPRIGHT_SHARE) + others * math.log(odds_of_other))


def _log_shares(ink: Ink, marks: Sequence[Atom], nets: Nets, angle_deg: float) -> float:
    """Return the sum of the logarithms of the probabilities that marks are digits if they are turned by an angle."""
    h, w = ink.strength.shape
    turn = Turn(angle_deg, w, h)
    candidates = [_turned(mark, turn) for mark in marks]
    shares = classify(turn_ink(ink, angle_deg), candidates, nets).probability[:, :NOT_A_DIGIT].max(axis=1)
    return float(np.log(np.maximum(shares, FLOOR)).sum())


def _turned(mark: Atom, turn: Turn) -> Candidate:
    """Return a mark on the upright page, as a candidate of its own."""
    own = Turn(turn.angle_deg, mark.box.w, mark.box.h).turn_upright(mark.mask * np.uint8(255)) > MASK_LEVEL
    x, y, w, h = (int(side) for side in cv2.boundingRect(own.astype(np.uint8)))
    middle_x, middle_y = turn.to_upright(mark.box).centre
    left, top = round(middle_x - own.shape[1] / 2) + x, round(middle_y - own.shape[0] / 2) + y
    page_w, page_h = turn.size
    box = Box(max(0, min(left, page_w - w)), max(0, min(top, page_h - h)), w, h)
    atom = Atom(box, own[y : y + h, x : x + w].astype(np.uint8), mark.area)
    return Candidate(0, 0, 0, box, (atom,))
