"""What a filled-in form says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal

MIN_SURE = 0.9
"""A value that breaks no rule counts as sure if its confidence is at least this, 0..1."""


@dataclass(frozen=True)
class RecordField:
    """What stands in one field of a form."""

    name: str
    value: Decimal | date | time | str | None
    """None if the field is empty, or if its text breaks a rule."""
    text: str
    """The likeliest text that fits the rules; the raw text if none does."""
    raw_text: str
    """The likeliest text without any rule. It differs from `text` if a rule decided."""
    confidence: float
    """Probability that the text is right, 0..1, after the rules."""
    broken: tuple[str, ...]
    """The rules that the text breaks, in words. The text was not changed to fit them."""
    corners: tuple[tuple[float, float], ...]
    """The corners of the field in the picture, x and y in pixels, clockwise from the upper left of the sheet."""

    @property
    def is_sure(self) -> bool:
        """Whether the value need not be checked by a person."""
        return not self.broken and self.confidence >= MIN_SURE

    @property
    def value_text(self) -> str:
        """The value for a table: a number with a point, a day as 2026-11-28, a time as 09:30; empty without a value."""
        if isinstance(self.value, time):
            return f"{self.value:%H:%M}"
        return "" if self.value is None else str(self.value)


@dataclass(frozen=True)
class Record:
    """A filled-in form."""

    form: str
    """Name of the form: that of its file."""
    fields: tuple[RecordField, ...]
    """The fields, in the order of the form."""

    def __getitem__(self, name: str) -> RecordField:
        """Return a field.

        Raises:
            KeyError: the form has no such field.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def is_sure(self) -> bool:
        """Whether all values are sure."""
        return all(field.is_sure for field in self.fields)

    @property
    def to_check(self) -> tuple[str, ...]:
        """The names of the fields that a person should look at."""
        return tuple(field.name for field in self.fields if not field.is_sure)

    def moved(self, x: float, y: float) -> Record:
        """Return the record with its corners moved by x and y pixels."""
        return replace(
            self,
            fields=tuple(replace(one, corners=tuple((u + x, v + y) for u, v in one.corners)) for one in self.fields),
        )

    def to_dict(self) -> dict[str, object]:
        """Return the record as plain types, ready for JSON.

        Returns:
            `form`, its name; `sure`, whether all values are; and `fields`, by name: `value` as text, or None; `text`,
            `raw_text`, `confidence` (0..1), `sure`, `broken` (the rules), and `corners`, four points in pixels of the
            picture.
        """
        return {
            "form": self.form,
            "sure": self.is_sure,
            "fields": {
                field.name: {
                    "value": None if field.value is None else field.value_text,
                    "text": field.text,
                    "raw_text": field.raw_text,
                    "confidence": round(field.confidence, 4),
                    "sure": field.is_sure,
                    "broken": list(field.broken),
                    "corners": [[round(x, 1), round(y, 1)] for x, y in field.corners],
                }
                for field in self.fields
            },
        }
