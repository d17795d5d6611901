"""Rendered form fields: each style can be drawn, and its ground truth is right."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from converters.data.labelled import concatenate
from converters.data.scenes.fields import (
    MEDIA,
    SEPARATORS,
    SIZES,
    SURROUNDS,
    FieldStyle,
    draw_field,
    random_field_style,
)

NO_GLYPHS = concatenate([])


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", [FieldStyle(*names) for names in product(SURROUNDS, SIZES, SEPARATORS[:1], MEDIA[:1])], ids=str
)
def test_digits_are_the_text_from_left_to_right_in_the_height_of_the_size(kind: FieldStyle) -> None:
    field = draw_field(np.random.default_rng(0), kind, NO_GLYPHS)
    digits = sorted(field.scene.digits, key=lambda digit: digit[1].x)
    assert "".join(str(label) for label, _ in digits) == field.text
    low, high = SIZES[kind.size]
    assert 0.6 * low <= np.median([box.h for _, box in digits]) <= 1.4 * high


@pytest.mark.parametrize(("separator", "medium"), list(product(SEPARATORS, MEDIA)))
def test_each_separator_is_drawn_in_each_medium(separator: str, medium: str) -> None:
    field = draw_field(np.random.default_rng(1), FieldStyle("plain", "small", separator, medium), NO_GLYPHS)
    paper = np.median(field.scene.image)
    assert paper < 100 if medium == "negative" else paper > 100
    assert len(field.text) in ((6, 8) if separator == "date" else range(1, 11))


def test_the_same_seed_gives_the_same_field() -> None:
    one, other = (draw_field(rng, random_field_style(rng), NO_GLYPHS) for rng in map(np.random.default_rng, (7, 7)))
    assert one.style == other.style
    np.testing.assert_array_equal(one.scene.image, other.scene.image)
