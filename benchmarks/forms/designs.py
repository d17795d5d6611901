"""Five forms, and what is written on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from stdnum import ean, luhn

from agent.forms.document import parse_form
from agent.forms.form import Form

Rng = np.random.Generator
Texts = dict[str, str]
EMPTY_SHARE = 0.25
"""Share of the optional fields that are left empty."""


@dataclass(frozen=True)
class Design:
    """A form and a writer of it."""

    form: Form
    by_print: bool
    """Whether it is found by its print; otherwise by its marks."""
    texts: Callable[[Rng], Texts]
    """Returns what stands in each field: it fits the rules."""


def all_designs() -> tuple[Design, ...]:
    """Return the five forms."""
    return (delivery_note(), score_sheet(), exam_marks(), counters(), order_pad())


def delivery_note() -> Design:
    """Return a note with a customer's number with a check digit, four quantities and their sum."""
    goods = ("apples", "pears", "plums", "cherries")
    fields = [field("customer", (70, 32, 60, 9), 'kind = "code"', 'digits = "6"', 'check = "luhn"', "comb = true")]
    fields += [
        field(name, (70, 55 + 17 * row, 35, 9), 'digits = "1-4"', "empty = true") for row, name in enumerate(goods)
    ]
    fields.append(field("total", (70, 128, 40, 9), 'digits = "1-5"'))

    def texts(rng: Rng) -> Texts:
        amounts = {name: _amount(rng, 4, may_be_empty=True) for name in goods}
        number = "".join(map(str, rng.integers(0, 10, 5)))
        return {
            "customer": number + luhn.calc_check_digit(number),
            **amounts,
            "total": str(sum(int(amount or 0) for amount in amounts.values())),
        }

    return Design(form("Delivery note", (210, 160), 0, fields, [f"total = {' + '.join(goods)}"]), False, texts)


def score_sheet() -> Design:
    """Return the points of four players in five rounds, with their sums."""
    players, rounds = ("anna", "bela", "cleo", "dora"), range(1, 6)
    fields, rules = list[str](), list[str]()
    for column, player in enumerate(players):
        x = 35 + 38 * column
        fields += [field(f"{player}_{turn}", (x, 32 + 14 * turn, 20, 8), 'digits = "1-2"') for turn in rounds]
        fields.append(field(f"{player}_sum", (x, 122, 24, 8), 'digits = "1-3"'))
        rules.append(f"{player}_sum = {' + '.join(f'{player}_{turn}' for turn in rounds)}")

    def texts(rng: Rng) -> Texts:
        points = {f"{player}_{turn}": str(rng.integers(0, 60)) for player in players for turn in rounds}
        sums = {f"{p}_sum": str(sum(int(points[f"{p}_{turn}"]) for turn in rounds)) for p in players}
        return {**points, **sums}

    return Design(form("Score sheet", (210, 150), 1, fields, rules), False, texts)


def exam_marks() -> Design:
    """Return the points of eight tasks, each with a limit, and their sum."""
    limits = (5, 10, 10, 15, 20, 10, 15, 15)
    names = [f"task_{number}" for number in range(1, 9)]
    fields = [
        field(name, (30 + 42 * (row % 4), 55 + 30 * (row // 4), 22, 9), 'digits = "1-2"', f"max = {limit}")
        for row, (name, limit) in enumerate(zip(names, limits, strict=True))
    ]
    fields.append(field("points", (30, 120, 30, 9), 'digits = "1-3"', "max = 100"))

    def texts(rng: Rng) -> Texts:
        points = {name: str(rng.integers(0, limit + 1)) for name, limit in zip(names, limits, strict=True)}
        return {**points, "points": str(sum(map(int, points.values())))}

    return Design(form("Examination", (210, 148), 2, fields, [f"points = {' + '.join(names)}"]), True, texts)


def counters() -> Design:
    """Return the readings of six counters: the last one, the new one, and its day."""
    fields, rules = list[str](), list[str]()
    for row in range(1, 7):
        y = 25 + 18 * row
        fields.append(field(f"old_{row}", (30, y, 42, 8), 'digits = "5"', "comb = true"))
        fields.append(field(f"new_{row}", (80, y, 42, 8), 'digits = "5"', "comb = true"))
        fields.append(field(f"day_{row}", (130, y, 60, 8), 'kind = "date"', 'digits = "8"', "comb = true"))
        rules.append(f"new_{row} >= old_{row}")

    def texts(rng: Rng) -> Texts:
        written: Texts = {}
        for row in range(1, 7):
            old = int(rng.integers(0, 95_000))
            written[f"old_{row}"], written[f"new_{row}"] = f"{old:05}", f"{old + int(rng.integers(0, 4000)):05}"
            written[f"day_{row}"] = f"{rng.integers(1, 29):02}{rng.integers(1, 13):02}{rng.integers(2020, 2030)}"
        return written

    return Design(form("Counters", (210, 160), 3, fields, rules), False, texts)


def order_pad() -> Design:
    """Return five articles by their EAN-8, with quantities, of which some lines are empty."""
    rows, fields = range(1, 6), list[str]()
    for row in rows:
        y = 28 + 19 * row
        code = ('kind = "code"', 'digits = "8"', 'check = "ean"', "comb = true", "empty = true")
        fields.append(field(f"article_{row}", (30, y, 72, 9), *code))
        fields.append(field(f"pieces_{row}", (120, y, 30, 9), 'digits = "1-3"', "empty = true"))

    def texts(rng: Rng) -> Texts:
        written: Texts = {}
        for row in rows:
            is_empty = rng.random() < EMPTY_SHARE
            number = "".join(map(str, rng.integers(0, 10, 7)))
            written[f"article_{row}"] = "" if is_empty else number + ean.calc_check_digit(number)
            written[f"pieces_{row}"] = "" if is_empty else _amount(rng, 3)
        return written

    return Design(form("Order pad", (210, 160), 4, fields, []), True, texts)


def field(name: str, box: Sequence[float], *lines: str) -> str:
    """Return the TOML of a field."""
    label = name.replace("_", " ").capitalize()
    return "\n".join(["[[field]]", f'name = "{name}"', f'label = "{label}"', f"box = {list(box)}", *lines, ""])


def form(title: str, size: Sequence[int], marks: int, fields: Sequence[str], rules: Sequence[str]) -> Form:
    """Return a form that is found by its marks."""
    head = f'[form]\ntitle = "{title}"\nsize = {list(size)}\nmarks = {marks}\n'
    text = "\n".join([head, *fields, *(f'[[rule]]\nthat = "{rule}"\n' for rule in rules)])
    document = parse_form(text.encode(), Path(f"{title.lower().replace(' ', '-')}.toml"))
    assert document.form is not None, document.problems
    return document.form


def _amount(rng: Rng, digits: int, *, may_be_empty: bool = False) -> str:
    """Return a number of at most `digits` digits. Small numbers are as frequent as large ones."""
    if may_be_empty and rng.random() < EMPTY_SHARE:
        return ""
    return str(rng.integers(1, 10 ** int(rng.integers(1, digits + 1))))
