from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.drawing.paper import write_sheet
from agent.drawing.viewpoint import tilted_view
from agent.forms.blank import to_pixels
from agent.forms.form import Form
from agent.forms.locate import FormFinder, find_form
from profiles.errors import FormError, FormNotFoundError
from tests.agent.forms.sheets import DESK_BGR, FILLED, PX_PER_MM, delivery_note, filled_in, photograph

MAX_ERROR_HEIGHTS = 0.12
"""Largest error of a field's corner, in heights of the field."""


@pytest.fixture(scope="module")
def by_marks() -> Form:
    return delivery_note()


@pytest.fixture(scope="module")
def by_print(by_marks: Form, tmp_path_factory: pytest.TempPathFactory) -> Form:
    """The same form, known by a picture of its print without marks, in pixels of this picture."""
    picture = to_pixels(by_marks, PX_PER_MM)
    picture = without_marks(picture)
    path = tmp_path_factory.mktemp("form") / "blank.png"
    cv2.imwrite(str(path), picture)
    scaled = [
        replace(field, area=type(field.area)(*(PX_PER_MM * value for value in field.area))) for field in by_marks.fields
    ]
    height, width = picture.shape[:2]
    return replace(by_marks, name="printed", size=(width, height), fields=tuple(scaled), picture=path, marks=None)


def without_marks(sheet: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a sheet with a frame of text-like print instead of its marks."""
    sheet = sheet.copy()
    side = round(148 / 28 * PX_PER_MM * 3)
    for rows in (slice(0, side), slice(-side, None)):
        for columns in (slice(0, side), slice(-side, None)):
            sheet[rows, columns] = 255
    for x, text in ((60, "Fruit farm Hill & Daughters, Orchard Lane 14"), (900, "Please keep the white copy")):
        cv2.putText(sheet, text, (x, 1150), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (20, 20, 20), 2, cv2.LINE_AA)
    cv2.putText(sheet, "Sign here when it is complete", (1000, 300), cv2.FONT_HERSHEY_SIMPLEX, 1, (20, 20, 20), 2)
    return sheet


VIEWS = {
    "upright": {},
    "upside down": {"angle_deg": 180},
    "turned": {"angle_deg": 63},
    "tilted by 35°": {"tilt_deg": 35, "towards_deg": 30, "angle_deg": 10},
    "tilted from the other side": {"tilt_deg": 35, "towards_deg": 200, "angle_deg": -100},
    "small": {"size": (640, 480), "angle_deg": 5, "tilt_deg": 15},
    "12 megapixels": {"size": (4000, 3000), "angle_deg": 90, "tilt_deg": 20},
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("found_by", ["marks", "print"])
def test_the_form_is_found(found_by: str, view: dict[str, float], by_marks: Form, by_print: Form) -> None:
    form = by_marks if found_by == "marks" else by_print
    sheet = filled_in(by_marks, FILLED)
    sheet = sheet if found_by == "marks" else without_marks(sheet)
    size: tuple[int, int] = view.get("size", (1600, 1200))  # type: ignore[assignment]
    location = FormFinder(form).find(photograph(sheet, **view))  # type: ignore[arg-type]
    angles = {name: view.get(name, 0) for name in ("tilt_deg", "towards_deg", "angle_deg")}
    truth = tilted_view((sheet.shape[1], sheet.shape[0]), size, fill=0.9, **angles)
    for field, known in zip(form.fields, by_marks.fields, strict=True):
        x, y, w, h = (PX_PER_MM * value for value in known.area)
        corners = np.array([[(x, y), (x + w, y), (x + w, y + h), (x, y + h)]])
        expected = cv2.perspectiveTransform(corners, truth)[0]
        height = min(np.linalg.norm(expected[3] - expected[0]), np.linalg.norm(expected[2] - expected[1]))
        error = np.linalg.norm(location.quad(field.area) - expected, axis=1).max()
        assert error < MAX_ERROR_HEIGHTS * height + 1


def test_a_hand_and_a_shadow_do_not_hide_the_form(by_marks: Form, by_print: Form) -> None:
    for form, sheet in (
        (by_marks, filled_in(by_marks, FILLED)),
        (by_print, without_marks(filled_in(by_marks, FILLED))),
    ):
        picture = photograph(sheet, tilt_deg=10)
        shadow = np.linspace(0.35, 1, picture.shape[1])[None, :, None]
        picture = (picture * shadow).astype(np.uint8)
        cv2.ellipse(picture, (1500, 1100), (330, 260), 30, 0, 360, (90, 120, 170), -1)
        FormFinder(form).find(picture)


@pytest.mark.parametrize("found_by", ["marks", "print"])
def test_what_is_not_the_form_is_said_to_be_none(found_by: str, by_marks: Form, by_print: Form) -> None:
    finder = FormFinder(by_marks if found_by == "marks" else by_print)
    other = to_pixels(replace(by_marks, title="Order", marks=5, fields=by_marks.fields[:2]), PX_PER_MM)
    pictures = [write_sheet(np.random.default_rng(seed), "squared").image for seed in range(2)]
    for picture in (*pictures, np.full((480, 640, 3), 200, np.uint8), photograph(without_marks(other)[:, ::-1])):
        with pytest.raises(FormNotFoundError, match=f"the form {finder.form.name} is not in the picture"):
            finder.find(picture)


@pytest.mark.parametrize("found_by", ["marks", "print"])
def test_half_a_form_and_two_sheets_are_refused(found_by: str, by_marks: Form, by_print: Form) -> None:
    form = by_marks if found_by == "marks" else by_print
    sheet = filled_in(by_marks, FILLED)
    picture = photograph(sheet if found_by == "marks" else without_marks(sheet), fill=0.95)
    finder = FormFinder(form)
    with pytest.raises(FormNotFoundError, match=r"outside the picture: .*total; photograph the whole sheet"):
        finder.find(np.ascontiguousarray(picture[:840]))
    for both in (np.hstack([picture, picture]), np.vstack([picture, picture[::-1, ::-1]])):
        with pytest.raises(FormNotFoundError, match="is in the picture more than once"):
            finder.find(both)


def test_of_several_forms_the_right_one_is_taken(by_marks: Form) -> None:
    forms = [replace(by_marks, marks=number, name=f"form {number}") for number in (3, 1, 2)]
    index, _ = find_form([FormFinder(form) for form in forms], photograph(filled_in(by_marks, FILLED)))
    assert forms[index].marks == 1
    with pytest.raises(
        FormNotFoundError, match=r"none of these forms is in the picture, .*: form 3, form 2; photograph"
    ):
        find_form([FormFinder(form) for form in forms if form.marks != 1], photograph(filled_in(by_marks, FILLED)))


def test_a_picture_without_print_is_no_reference(by_print: Form, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "white.png"), np.full((1184, 1680, 3), DESK_BGR, np.uint8))
    with pytest.raises(FormError, match=r"^order.toml:2: the picture of the form printed has too little print"):
        FormFinder(replace(by_print, picture=tmp_path / "white.png", picture_place="order.toml:2"))
