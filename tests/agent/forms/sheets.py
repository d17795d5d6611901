"""A delivery note for the tests: its TOML, and photographs of it, filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.drawing.handwriting import draw_digit, random_handwriting
from agent.drawing.paper import apply_ink
from agent.drawing.viewpoint import tilted_view
from agent.forms.blank import to_pixels
from agent.forms.document import parse_form
from agent.forms.form import Form

HEAD_MARKS = '[form]\ntitle = "Delivery note"\nsize = [210, 148]\nmarks = 1\n'
FIELDS = """
[[field]]
name = "customer"
label = "Customer"
box = [40, 30, 60, 10]
kind = "code"
digits = "6"
check = "luhn"
comb = true

[[field]]
name = "apples"
label = "Crates of apples"
box = [40, 50, 40, 10]
digits = "1-4"

[[field]]
name = "pears"
label = "Crates of pears"
box = [40, 70, 40, 10]
digits = "1-4"

[[field]]
name = "plums"
label = "Crates of plums"
box = [40, 90, 40, 10]
digits = "1-4"
empty = true

[[field]]
name = "total"
label = "All crates"
box = [40, 110, 40, 10]
digits = "1-5"

[[rule]]
that = "total = apples + pears + plums"
"""
FILLED = {"customer": "123455", "apples": "312", "pears": "47", "total": "359"}
PX_PER_MM = 8
INK_BGR = (90, 40, 30)
DESK_BGR = (70, 95, 120)


def delivery_note() -> Form:
    form = parse_form((HEAD_MARKS + FIELDS).encode(), Path("delivery.toml")).form
    assert form is not None
    return form


def filled_in(form: Form, texts: Mapping[str, str], seed: int = 3) -> NDArray[np.uint8]:
    """Return the sheet as it lies flat, 8 pixels per millimetre, with digits in one invented hand."""
    rng = np.random.default_rng(seed)
    image, hand = to_pixels(form, PX_PER_MM), random_handwriting(rng)
    for field in form.fields:
        pitch = field.area.w / field.max_digits if field.comb else 0.6 * field.area.h
        for place, sign in enumerate(texts.get(field.name, "")):
            ink = draw_digit(rng, int(sign), 0.62 * field.area.h * PX_PER_MM, hand)
            x = (field.area.x + pitch * (place + 0.5) + (0 if field.comb else 2)) * PX_PER_MM - ink.shape[1] / 2
            apply_ink(image, ink, round(x), round((field.area.y + 0.18 * field.area.h) * PX_PER_MM), INK_BGR)
    return image


def photograph(
    sheet: NDArray[np.uint8],
    size: tuple[int, int] = (1600, 1200),
    *,
    tilt_deg: float = 0,
    towards_deg: float = 0,
    angle_deg: float = 0,
    fill: float = 0.9,
) -> NDArray[np.uint8]:
    """Return a picture of a sheet on a desk; the angles are those of `tilted_view`."""
    height, width = sheet.shape[:2]
    homography = tilted_view(
        (width, height), size, tilt_deg=tilt_deg, towards_deg=towards_deg, angle_deg=angle_deg, fill=fill
    )
    scale = np.sqrt(abs(np.linalg.det(homography[:2, :2])))
    soft = cv2.GaussianBlur(sheet, (0, 0), max(0.01, 0.4 / scale)) if scale < 1 else sheet
    return np.asarray(cv2.warpPerspective(soft, homography, size, borderValue=DESK_BGR), np.uint8)
