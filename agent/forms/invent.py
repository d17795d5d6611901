"""Invent what somebody may write into a form, so that its rules hold, for demonstrations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from agent.forms.expression import solve_for_name
from agent.forms.form import Field, Form
from agent.forms.values import check

TRIES = 300
"""Number of times that texts are drawn until they fit. A check digit fits one of ten."""
EMPTY_SHARE = 0.25
"""Share of the fields that may be empty which are empty."""
FIRST_DAY = date(2026, 1, 1)

Rng = np.random.Generator
Texts = dict[str, str]


def invent_texts(rng: Rng, form: Form) -> Texts:
    """Return a text for each field. If no texts are found that fit a rule, it stays broken, as it may on paper.

    Args:
        rng: chooses the texts.
        form: the form.
    """
    by_name = {field.name: field for field in form.fields}
    texts = {name: _invent(rng, field) for name, field in by_name.items()}
    for _ in range(TRIES):
        broken = next(_broken(form, texts), None)
        if broken is None:
            break
        names = sorted(broken)
        texts |= {name: _invent(rng, by_name[name]) for name in names}
        _complete(form, texts)
    return texts


def _broken(form: Form, texts: Texts) -> Iterator[frozenset[str]]:
    """Yield the names of the fields in each broken rule."""
    values = _numbers(form, texts)
    return (rule.comparison.names for rule in form.rules if not rule.comparison.holds(values))


def _complete(form: Form, texts: Texts) -> None:
    """Write what an equation demands into the field that it names alone, in place."""
    for rule in form.rules:
        solved = solve_for_name(rule.comparison, _numbers(form, texts))
        field = next((one for one in form.fields if solved is not None and one.name == solved[0]), None)
        if solved is None or field is None:
            continue
        text = _number_text(field, solved[1])
        if not check(field, text, signs_read=True).broken:
            texts[field.name] = text


def _numbers(form: Form, texts: Texts) -> dict[str, Decimal | None]:
    return {field.name: check(field, texts[field.name], signs_read=True).number for field in form.fields}


def _number_text(field: Field, value: Decimal) -> str:
    least = max(field.decimals + 1, field.min_digits) if field.leading_zeros else field.decimals + 1
    return _with_point(field, str(int(value.scaleb(field.decimals))).zfill(least))


def _with_point(field: Field, digits: str) -> str:
    """Return digits with the decimal sign that is written by hand, if the field has one."""
    if field.printed_point or not field.decimals:
        return digits
    return f"{digits[: -field.decimals]}.{digits[-field.decimals :]}"


def _invent(rng: Rng, field: Field) -> str:
    """Return a text that fits the rules of a field."""
    if field.may_be_empty and rng.random() < EMPTY_SHARE:
        return ""
    text = ""
    for _ in range(TRIES):
        text = _draw(rng, field)
        if not check(field, text, signs_read=True).broken:
            break
    return text


def _draw(rng: Rng, field: Field) -> str:
    if field.kind == "date":
        day = FIRST_DAY + timedelta(days=int(rng.integers(0, 365)))
        return f"{day:%d%m%Y}" if field.max_digits >= 8 else f"{day:%d%m%y}"
    if field.kind == "time":
        return f"{rng.integers(0, 24):02}{rng.integers(0, 60):02}"
    if field.kind == "number" and field.minimum is not None and field.maximum is not None:
        return _number_text(field, Decimal(int(rng.integers(int(field.minimum), int(field.maximum) + 1))))
    count = int(rng.integers(field.min_digits, min(field.max_digits, field.min_digits + 3) + 1))
    digits = "".join(map(str, rng.integers(0, 10, max(count, field.decimals + 1))))
    return _with_point(field, digits)
