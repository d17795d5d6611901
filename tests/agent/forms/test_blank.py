from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from agent.forms.blank import to_pixels, to_svg
from agent.forms.marks import find_marks, homography_of_marks
from agent.forms.propose import form_toml, propose_fields
from agent.vision.box import Box
from profiles.errors import FormError
from tests.agent.forms.sheets import PX_PER_MM, delivery_note


def test_the_svg_has_the_size_the_labels_and_the_boxes_of_the_form() -> None:
    form = replace(delivery_note(), title='Fruit & "more" <1>')
    root = ET.fromstring(to_svg(form))
    assert (root.get("width"), root.get("height")) == ("210mm", "148mm")
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == form.title
    assert {"Customer", "All crates"} <= set(texts)


def test_the_marks_are_found_where_they_are_printed() -> None:
    form = delivery_note()
    marks = find_marks(to_pixels(form, PX_PER_MM))
    assert sorted(marks) == [4, 5, 6, 7]
    homography = homography_of_marks(marks, 1, form.size)
    assert homography is not None
    for x, y in ((0, 0), (210, 0), (210, 148), (0, 148)):
        mapped = homography @ (x, y, 1)
        assert mapped[:2] / mapped[2] == pytest.approx((PX_PER_MM * x - 0.5, PX_PER_MM * y - 0.5), abs=1.5)


def test_a_form_with_a_picture_is_not_drawn() -> None:
    with pytest.raises(FormError, match="the form delivery has a picture, so it is printed already"):
        to_svg(replace(delivery_note(), marks=None, picture=Path("scan.png")))


def test_the_fields_of_a_blank_form_are_proposed() -> None:
    form = delivery_note()
    found = propose_fields(to_pixels(form, PX_PER_MM))
    assert [cells for _, cells in found] == [6, 1, 1, 1, 1]
    for (box, _), field in zip(found, form.fields, strict=True):
        area = [PX_PER_MM * value for value in field.area]
        assert list(box) == pytest.approx(area, abs=PX_PER_MM)
    assert form_toml("scan.png", found).count("[[field]]") == 5


@pytest.mark.parametrize("name", ["scan.png", 'a "b".png', r"a\b.png", "tab\t\x7f.png", "Äpfel.png"])
def test_the_form_that_is_begun_names_its_picture(name: str) -> None:
    assert msgspec.toml.decode(form_toml(name, [(Box(1, 2, 3, 4), 1)]))["form"]["picture"] == name
