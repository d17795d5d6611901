"""Layers of ink, and everything that was found in each of their masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.vision.binarize import Binarized
from agent.vision.candidates import Candidate
from agent.vision.classify import Classified
from agent.vision.digits import Digit
from agent.vision.ink import Ink
from agent.vision.pens import Pen


@dataclass(frozen=True, eq=False)
class InkLayer:
    """Ink of one kind, and how it is to be analysed: dark, light or faint ink, or the ink of one pen."""

    ink: Ink
    threshold_factors: tuple[float, ...]
    """Masks are made at these multiples of the threshold."""
    min_probability: float
    """A candidate whose best digit is less probable than this is not a digit."""
    pen: Pen | None = None
    """The pen, if the picture's pens were separated; None is the ink of all pens."""
    binarized: Mapping[float, Binarized] | None = None
    """Masks of this ink that were made already, by their factor."""
    faint: bool = False
    """Whether this is ink that is faint beside darker ink."""


@dataclass(frozen=True, eq=False)
class MaskResult:
    """Everything that was found in one mask."""

    ink: Ink
    factor: float
    """Multiple of the threshold at which the mask was made."""
    binarized: Binarized
    """The mask and the writing in it."""
    candidates: tuple[Candidate, ...]
    classified: Classified
    """Outputs of the nets, one row per candidate."""
    digits: Mapping[Candidate, Digit]
    """The candidates that are digits, with boxes in pixels of the picture."""
    min_probability: float
    """A candidate whose best digit is less probable than this is not a digit."""
    pen: Pen | None = None
    """The pen, if the picture's pens were separated; None is the ink of all pens."""
    faint: bool = False
    """Whether this is ink that is faint beside darker ink."""
    on_back: bool = False
    """Whether the ink shows through from the back of the paper. It has no digits then."""
