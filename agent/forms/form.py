"""A form: its sheet, its fields, and the rules for what stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal, NamedTuple

from agent.forms.expression import RuleExpression

Kind = Literal["number", "code", "date", "time"]
"""Kind of a field's content: a number with a value, digits that only name something, a day, or a time of day."""


class Area(NamedTuple):
    """The place of a field on the sheet, in the units of the sheet: pixels of its picture, or millimetres."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """Bottom edge."""
        return self.y + self.h

    def contains(self, other: Area) -> bool:
        """Return whether the other area lies in this one."""
        return self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom

    def overlaps(self, other: Area) -> bool:
        """Return whether two areas share more than an edge."""
        return (
            min(self.right, other.right) > max(self.x, other.x)
            and min(self.bottom, other.bottom) > max(self.y, other.y)
        )  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A place on the sheet where something is written by hand, and what may stand there."""

    name: str
    area: Area
    kind: Kind = "number"
    label: str = ""
    """Text that is printed at the field."""
    min_digits: int = 1
    max_digits: int = 12
    decimals: int = 0
    """Digits after the decimal sign of a number."""
    printed_point: bool = False
    """Whether the decimal sign is printed in the field, so that nobody writes it."""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    pattern: str = ""
    """Regular expression that the whole text matches."""
    leading_zeros: bool = False
    """Whether a number may begin with zeros, as 0042."""
    may_be_empty: bool = False
    check: str = ""
    """Name of a check digit, as in `check_digit.CHECKS`."""
    comb: bool = False
    """Whether a box for each digit is printed. Then the digits are read as one number all the same."""


@dataclass(frozen=True)
class Rule:
    """A rule between fields."""

    text: str
    comparison: RuleExpression


@dataclass(frozen=True)
class Form:
    """A form that is filled in by hand."""

    name: str
    title: str
    size: tuple[float, float]
    """Width and height of the sheet, in the units of the fields' areas."""
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...] = ()
    picture: Path | None = None
    """The reference picture; None if the form is found by its marks."""
    marks: int | None = None
    """Number of the form's set of ArUco marks, 0 to 11; None if it has none."""
    picture_place: str = ""
    """File and line that name the reference picture, for messages."""
