"""Forms filled in with the digits of held-out writers, and blank ones as reference pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.drawing.paper import INK_COLOURS, apply_ink
from agent.forms.blank import to_pixels
from agent.forms.form import Area, Field, Form
from agent.vision.pixels import Pixels
from benchmarks.forms.designs import Design
from benchmarks.numbers.handwriting import HeldOutHandwriting, any_of, place, right_of
from converters.data.strokes import PenItem, Stroke

Rng = np.random.Generator
PX_PER_MM = 16
"""Resolution of the drawn sheets, in pixels per millimetre: 400 dots per inch."""
DIGIT_HEIGHTS = (0.5, 0.75)
"""Smallest and largest height of a digit, in heights of its field."""
PEN_MM = (0.35, 0.7)
"""Thinnest and thickest pen, in millimetres."""
OVERSAMPLING = 2
PRINTED = (
    "Hill & Daughters Ltd, 14 Orchard Lane, Newbridge",
    "White copy: office. Yellow copy: driver. Pink copy: customer.",
    "Write one digit into each box, with a dark pen. Cross nothing out.",
)
"""Small print, by which a form without marks is found."""


def blank_sheet(design: Design) -> Pixels:
    """Return the print of a form; of one that is found by its print, without marks and with small print instead."""
    sheet = to_pixels(design.form, PX_PER_MM)
    if not design.by_print:
        return sheet
    side, height = 16 * PX_PER_MM, sheet.shape[0]
    sheet[:side, :side] = sheet[:side, -side:] = sheet[-side:, :side] = sheet[-side:, -side:] = 255
    for row, text in enumerate(PRINTED):
        at = (20 * PX_PER_MM, height - (16 - 5 * row) * PX_PER_MM)
        cv2.putText(sheet, text, at, cv2.FONT_HERSHEY_DUPLEX, 0.09 * PX_PER_MM, (30, 30, 30), 2, cv2.LINE_AA)
    return sheet


def known_form(design: Design, folder: Path) -> Form:
    """Return the form as a reader knows it: one that is found by its print has a reference picture in the folder."""
    if not design.by_print:
        return design.form
    scale = 0.4
    sheet = cv2.resize(blank_sheet(design), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    path = folder / f"{design.form.name}.png"
    cv2.imwrite(str(path), sheet)
    px = scale * PX_PER_MM
    fields = tuple(replace(one, area=Area(*(px * value for value in one.area))) for one in design.form.fields)
    return replace(design.form, picture=path, marks=None, size=(sheet.shape[1], sheet.shape[0]), fields=fields)


def fill_in(rng: Rng, design: Design, texts: Mapping[str, str], handwriting: HeldOutHandwriting) -> Pixels:
    """Return a sheet that one writer has filled in."""
    sheet, writer = blank_sheet(design), any_of(rng, handwriting.writers)
    colour = INK_COLOURS[any_of(rng, ("blue ballpoint", "black ballpoint"))]
    pen, size = rng.uniform(*PEN_MM) * PX_PER_MM, float(rng.uniform(*DIGIT_HEIGHTS))
    for one in design.form.fields:
        for strokes in _write(rng, one, texts[one.name], writer, size):
            draw_strokes(sheet, strokes, pen, colour)
    return sheet


def _write(
    rng: Rng, field: Field, text: str, writer: Mapping[str, Sequence[PenItem]], size: float
) -> list[list[Stroke]]:
    """Return the strokes of each digit, in pixels of the sheet."""
    area, x = field.area, 0.0
    height = size * area.h
    written: list[list[Stroke]] = []
    for place_, sign in enumerate(text):
        strokes = place(any_of(rng, writer[sign]), 0.0, 0.0, height=height * float(rng.normal(1, 0.05)))
        width = right_of(strokes)
        if field.comb:
            left = area.w / field.max_digits * (place_ + 0.5) - width / 2 + float(rng.normal(0, 0.3))
        else:
            left = x + float(rng.uniform(0.8, 3.0) if not place_ else max(0.1, rng.normal(0.18, 0.06)) * height)
            x = left + width
        base = area.bottom - (1 - size) / 2 * area.h + float(rng.normal(0, 0.05)) * area.h
        corner = np.array((area.x + left, base))
        written.append([((stroke + corner) * PX_PER_MM).astype(np.float32) for stroke in strokes])
    return written


def draw_strokes(sheet: Pixels, strokes: Sequence[Stroke], pen_px: float, colour: tuple[int, int, int]) -> None:
    """Draw strokes, in pixels of a sheet, on it, in place."""
    points = np.concatenate(strokes)
    margin = int(pen_px) + 2
    left, top = np.maximum(np.floor(points.min(axis=0)).astype(int) - margin, 0).tolist()
    right, bottom = (np.ceil(points.max(axis=0)).astype(int) + margin).tolist()
    right, bottom = min(right, sheet.shape[1]), min(bottom, sheet.shape[0])
    large = np.zeros((OVERSAMPLING * (bottom - top), OVERSAMPLING * (right - left)), np.uint8)
    for stroke in strokes:
        line: NDArray[np.int32] = np.rint((stroke - (left, top)) * OVERSAMPLING).astype(np.int32)
        cv2.polylines(large, [line[:, None]], False, 255, max(1, round(pen_px * OVERSAMPLING)), cv2.LINE_AA)
    ink = np.asarray(cv2.resize(large, (right - left, bottom - top), interpolation=cv2.INTER_AREA), np.uint8)
    apply_ink(sheet, ink, left, top, colour)
