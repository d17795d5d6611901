"""Tell whether a sheet was seen before: by the ink in its fields, not by what is read there.

Two sheets with equal values are two sheets, because nobody writes a number twice in quite the same way. The same sheet
looks the same again after it was lifted, turned, or touched.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.forms.montage import Montage
from agent.forms.page_layout import WHITE

INK_PX = 16
"""Height of a field when its ink is compared, in pixels. Raising it makes the comparison stricter."""
MAX_SHIFT_PX = 2
"""How far the ink may lie beside its place, in compared pixels, because a form is not found quite exactly."""
MIN_CORRELATION = 0.93
"""Correlation from which on a field shows the same ink. On photographs of `benchmarks.forms` the fields of one sheet
reach 0.98 or more from any two sides; the same number, written again by the same person, is above this in 3 %."""
MIN_SAME_SHARE = 0.5
"""Share of the fields with ink that must show the same: a hand may cover some of them."""

Ink = NDArray[np.float32]
"""Ink of a field, float32 (h, w); 0 is white paper."""


@dataclass(frozen=True, eq=False)
class SheetLook:
    """What the fields of a sheet look like."""

    form: str
    inks: tuple[Ink | None, ...]
    """One for each field of the form; None where nothing is written."""

    @property
    def is_blank(self) -> bool:
        """Whether nothing is written in any field."""
        return all(ink is None for ink in self.inks)

    def is_same_sheet(self, other: SheetLook) -> bool:
        """Return whether most fields that are filled in on one of the sheets show the same ink on the other."""
        if self.form != other.form:
            return False
        pairs = [(a, b) for a, b in zip(self.inks, other.inks, strict=True) if a is not None or b is not None]
        return bool(pairs) and sum(_is_same(*pair) for pair in pairs) >= MIN_SAME_SHARE * len(pairs)


def look_at_sheet(form: str, montage: Montage) -> SheetLook:
    """Return what the fields of a montage look like."""
    inks: list[Ink | None] = []
    for slot in montage.slots:
        height, width = slot.crop.shape[:2]
        size = max(INK_PX, round(INK_PX * width / height)), INK_PX
        grey = cv2.resize(cv2.cvtColor(slot.crop, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA)
        ink = np.asarray(cv2.GaussianBlur(WHITE - grey.astype(np.float32), (0, 0), 0.8), np.float32)
        inks.append(ink if slot.has_ink else None)
    return SheetLook(form, tuple(inks))


def _is_same(one: Ink | None, other: Ink | None) -> bool:
    if one is None or other is None:
        return False
    padded = cv2.copyMakeBorder(other, *(MAX_SHIFT_PX,) * 4, cv2.BORDER_CONSTANT, value=0)
    return float(cv2.matchTemplate(padded, one, cv2.TM_CCOEFF_NORMED).max()) >= MIN_CORRELATION


class SheetMemory:
    """The sheets that were seen within a time.

    Args:
        keep_s: how long a sheet is remembered after it was seen last, in seconds.
    """

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._seen: list[tuple[SheetLook, float]] = []

    def knows(self, look: SheetLook, at_s: float) -> bool:
        """Return whether a sheet was seen before; then it counts as seen again."""
        self._seen = [(one, seen_s) for one, seen_s in self._seen if at_s - seen_s <= self._keep_s]
        known = next((one for one, _ in self._seen if one.is_same_sheet(look)), None)
        if known is not None:
            self._seen = [(one, at_s if one is known else seen_s) for one, seen_s in self._seen]
        return known is not None

    def add(self, look: SheetLook, at_s: float) -> None:
        """Remember a sheet."""
        self._seen.append((look, at_s))
