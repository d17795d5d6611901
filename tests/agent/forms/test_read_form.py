from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import Reader
from agent.forms.form import Form
from agent.forms.record import Record
from tests.agent.forms.sheets import FIELDS, FILLED, HEAD_MARKS, delivery_note, filled_in, photograph


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def form() -> Form:
    return delivery_note()


def texts(record: Record) -> dict[str, str]:
    return {field.name: field.text for field in record.fields}


def test_a_form_is_read_to_named_values(reader: Reader, form: Form) -> None:
    record = reader.read_form(photograph(filled_in(form, FILLED), tilt_deg=15), form)
    assert texts(record) == {**FILLED, "plums": ""}
    assert record["customer"].value == "123455"
    assert record["total"].value == 359
    assert record["plums"].value is None
    assert record.is_sure
    assert record.to_dict()["form"] == "delivery"


@pytest.mark.parametrize(
    "view",
    [
        {"angle_deg": 180},
        {"angle_deg": 90},
        {"angle_deg": 37, "tilt_deg": 20},
        {"size": (800, 600)},
        {"size": (3200, 2400)},
    ],
    ids=str,
)
def test_a_turned_or_scaled_form_is_read_the_same(reader: Reader, form: Form, view: dict[str, Any]) -> None:
    record = reader.read_form(photograph(filled_in(form, FILLED), **view), form)
    assert texts(record) == {**FILLED, "plums": ""}


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    view=st.fixed_dictionaries(
        {"angle_deg": st.floats(0, 360), "tilt_deg": st.floats(0, 25), "towards_deg": st.floats(0, 360)}
    ),
    scale=st.floats(0.5, 2),
    light=st.floats(0.4, 1),
)
def test_a_form_reads_the_same_from_any_side_at_any_size_in_any_light(
    reader: Reader, form: Form, view: dict[str, float], scale: float, light: float
) -> None:
    picture = photograph(filled_in(form, FILLED), (round(1600 * scale), round(1200 * scale)), **view)
    record = reader.read_form((picture * light).astype(np.uint8), form)
    assert texts(record) == {**FILLED, "plums": ""}
    assert not [field.broken for field in record.fields if field.broken]


def test_a_darkened_form_is_read_the_same(reader: Reader, form: Form) -> None:
    picture = photograph(filled_in(form, FILLED))
    for light in (0.5, np.linspace(0.4, 1, picture.shape[1])[None, :, None]):
        record = reader.read_form((picture * light).astype(np.uint8), form)
        assert texts(record) == {**FILLED, "plums": ""}


def test_a_wrong_sum_is_flagged_and_not_mended(reader: Reader, form: Form) -> None:
    record = reader.read_form(photograph(filled_in(form, {**FILLED, "total": "389"})), form)
    total = record["total"]
    assert (total.text, total.raw_text, total.value) == ("389", "389", None)
    assert total.broken == ("total = apples + pears + plums",)
    assert not total.is_sure
    assert record["customer"].is_sure


def test_a_wrong_check_digit_is_flagged(reader: Reader, form: Form) -> None:
    record = reader.read_form(photograph(filled_in(form, {**FILLED, "customer": "123456"})), form)
    assert (record["customer"].text, record["customer"].broken) == ("123456", ("wrong check digit (luhn)",))


def test_a_field_that_must_not_be_empty_is_flagged(reader: Reader, form: Form) -> None:
    record = reader.read_form(photograph(filled_in(form, {"customer": "123455"})), form)
    assert record["pears"].broken == ("must not be empty",)


def test_corners_are_in_pixels_of_the_picture(reader: Reader, form: Form) -> None:
    record = reader.read_form(photograph(filled_in(form, FILLED), angle_deg=180), form)
    (left, top), _, (right, bottom), _ = record["customer"].corners
    assert right < left
    assert bottom < top
    assert all(0 <= x <= 1600 and 0 <= y <= 1200 for field in record.fields for x, y in field.corners)


def test_a_form_may_be_given_as_a_file(reader: Reader, form: Form, tmp_path: Path) -> None:
    (tmp_path / "delivery.toml").write_text(HEAD_MARKS + FIELDS)
    picture = photograph(filled_in(form, FILLED))
    assert reader.read_form(picture, tmp_path / "delivery.toml") == reader.read_form(picture, form)
