"""The keys of a form's TOML file: the types of their values, and the same in words."""

from __future__ import annotations

from typing import Annotated

import msgspec

from agent.forms.form import Kind

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Number = int | Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][\w-]*\Z", max_length=60)]
PrintedLine = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f\ufffe\uffff]*\Z", max_length=200)]
"""Text that is printed on the form. XML, and so SVG, has none of these characters."""
Side = Annotated[float, msgspec.Meta(gt=0, le=100_000)]
MAX_SHEET_MM = 1200
"""Longest side of a sheet that is drawn, in millimetres: A0 has 1189. Raising it takes more memory: at 300 dots per
inch a square sheet of this size has 200 million pixels."""
SheetSide = Annotated[float, msgspec.Meta(gt=0, le=MAX_SHEET_MM)]
MAX_MARKS = 11
"""Largest number of a set of marks: the dictionary has 50 marks, and a set has four."""
_TEXT = "one line of text in quotes, up to 200 characters"
_SWITCH, _NUMBER = "true or false", "a number, such as 10 or 2.5"
EXPECTED = {
    "title": _TEXT,
    "picture": "the name of a file in quotes",
    "size": f"two numbers of more than 0, up to {MAX_SHEET_MM}, such as [210, 297]",
    "marks": f"a whole number from 0 to {MAX_MARKS}",
    "name": "letters a to z, digits, - and _, with a letter first, such as crates_2",
    "box": "four numbers, [x, y, width, height], with a width and height of more than 0",
    "kind": "number, code, date or time, in quotes",
    "label": _TEXT,
    "digits": '"4" or "1-6", in quotes',
    "decimals": "a whole number from 0 to 6",
    "printed-point": _SWITCH,
    "min": _NUMBER,
    "max": _NUMBER,
    "pattern": "a regular expression in quotes",
    "leading-zeros": _SWITCH,
    "empty": _SWITCH,
    "check": "the name of a check digit in quotes",
    "comb": _SWITCH,
    "that": 'a rule in quotes, such as "total = a + b"',
}
"""What the value of each key is, in words."""


class FormTable(msgspec.Struct, rename="kebab", forbid_unknown_fields=True):
    """The table [form]."""

    title: PrintedLine = ""
    picture: Text | None = None
    size: tuple[SheetSide, SheetSide] | None = None
    marks: Annotated[int, msgspec.Meta(ge=0, le=MAX_MARKS)] | None = None


class FieldTable(msgspec.Struct, rename="kebab", forbid_unknown_fields=True):
    """A table [[field]]."""

    name: Name
    box: tuple[Number, Number, Side, Side]
    kind: Kind = "number"
    label: PrintedLine = ""
    digits: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,2}(-[0-9]{1,2})?\Z")] | None = None
    decimals: Annotated[int, msgspec.Meta(ge=0, le=6)] = 0
    printed_point: bool = False
    min: Number | None = None
    max: Number | None = None
    pattern: str = ""
    leading_zeros: bool | None = None
    empty: bool = False
    check: str = ""
    comb: bool = False


class RuleTable(msgspec.Struct, forbid_unknown_fields=True):
    """A table [[rule]]."""

    that: Text
