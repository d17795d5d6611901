"""The demo of forms: a mounted camera, before which filled-in sheets are laid, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.capture.pictures import load_picture
from agent.capture.source import Frame, Source
from agent.capture.uri import DemoSpec
from agent.drawing.handwriting import Handwriting, draw_digit, random_handwriting
from agent.drawing.paper import DESK_COLOUR, INK_COLOURS, apply_ink
from agent.drawing.viewpoint import tilted_view
from agent.forms.blank import to_pixels
from agent.forms.document import load_form
from agent.forms.form import Area, Field, Form
from agent.forms.invent import invent_texts
from agent.vision.pixels import Pixels

FRAME_PX = (1600, 1200)
"""Width and height of the frames: a field of a sheet that fills them is large enough to be read."""
SHEETS = 3
"""Number of sheets that are shown."""
MOVING_SHARE = 0.15
"""Share of a sheet's time in which it comes; it goes in the same time."""
FRAMES_PER_S = 20.0
"""Frame rate of the demo's recording, if none is given."""
MIN_SHEET_S = 2.5
"""Shortest time for which a sheet is shown in the recording; a demo of few frames has a lower rate. A sheet that is
not read surely is recorded after it has been still for a second."""
SHEET_PX = 1900
"""Longest side of a sheet, in pixels."""
DIGIT_HEIGHTS = 0.62
"""Height of a digit, in heights of its field."""
MAX_TILT_DEG, MAX_TURN_DEG = 12.0, 5.0
"""How far a sheet is tilted and turned at most."""
NOISE_GREY = 2.0
"""Standard deviation of the camera's noise, in grey levels."""
NS_PER_S = 1_000_000_000

Rng = np.random.Generator


def open_form_demo(
    spec: DemoSpec,
    clock: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> FormDemoSource:
    """Open the demo of the form that is named.

    Raises:
        FormError: the file of the form cannot be read, or contains a mistake.
        PictureError: its reference picture cannot be read.
    """
    return FormDemoSource(spec, load_form(Path(spec.form)), clock, sleep)


class FormDemoSource(Source):
    """Frames of sheets of a form. The same seed gives the same frames; the source is finite, and no frame is dropped.

    Args:
        spec: seed, number of frames, and the frame rate if frames are to come in real time.
        form: the form.
        clock: returns the time in nanoseconds.
        sleep: waits for a number of seconds.
    """

    live = False

    def __init__(self, spec: DemoSpec, form: Form, clock: Callable[[], int], sleep: Callable[[float], None]) -> None:
        self.title = f"demo of the form {form.name}, seed {spec.seed}"
        self._spec, self._form, self._clock, self._sleep = spec, form, clock, sleep
        self._frames_per_s = spec.fps or min(FRAMES_PER_S, spec.frames / (MIN_SHEET_S * SHEETS))
        self._started_ns, self._number, self._shown = clock(), 0, -1
        w, h = FRAME_PX
        self._noise = np.random.default_rng(spec.seed).normal(0, NOISE_GREY, (h + 64, w + 64, 3)).astype(np.int8)

    def read(self) -> Frame | None:
        number, count = self._number, self._spec.frames
        if number >= count:
            return None
        self._number += 1
        shown, place = divmod(number * SHEETS / count, 1)
        if shown != self._shown:
            self._shown = int(shown)
            self._lay_down(np.random.default_rng((self._spec.seed, self._shown)))
        image = self._photograph(number, max(0.0, 1 - min(place, 1 - place) / MOVING_SHARE))
        if self._spec.fps:
            due_ns = self._started_ns + int(number * NS_PER_S / self._spec.fps)
            self._sleep(max(0, due_ns - self._clock()) / NS_PER_S)
        return Frame(image, self._clock(), number, self._spec.uri, number / self._frames_per_s)

    def close(self) -> None:
        self._number = self._spec.frames

    def _lay_down(self, rng: Rng) -> None:
        """Fill in another sheet, and choose where it lies."""
        self._sheet = fill_in(rng, self._form)
        height, width = self._sheet.shape[:2]
        self._homography = tilted_view(
            (width, height),
            FRAME_PX,
            tilt_deg=float(rng.uniform(0, MAX_TILT_DEG)),
            towards_deg=float(rng.uniform(0, 360)),
            angle_deg=float(rng.uniform(-MAX_TURN_DEG, MAX_TURN_DEG)),
            fill=0.9,
        )

    def _photograph(self, number: int, offset: float) -> Pixels:
        """Return a frame, BGR uint8 (H, W, 3), with the sheet where it lies, or on its way: `offset` is 1 outside."""
        shift = np.array([[1, 0, offset * FRAME_PX[0]], [0, 1, 0], [0, 0, 1.0]])
        frame = cv2.warpPerspective(self._sheet, shift @ self._homography, FRAME_PX, borderValue=DESK_COLOUR)
        left, top = np.random.default_rng((self._spec.seed, number)).integers(0, 64, 2)
        noise = self._noise[top : top + FRAME_PX[1], left : left + FRAME_PX[0]]
        return np.asarray(cv2.add(frame, noise, dtype=cv2.CV_8U), np.uint8)


def fill_in(rng: Rng, form: Form) -> Pixels:
    """Return a sheet that an invented person has filled in, BGR uint8 (H, W, 3), longest side `SHEET_PX`."""
    scale = SHEET_PX / max(form.size)
    if form.picture is None:
        sheet = to_pixels(form, scale)
    else:
        sheet = np.asarray(cv2.resize(load_picture(form.picture), None, fx=scale, fy=scale), np.uint8)
    hand, texts = random_handwriting(rng), invent_texts(rng, form)
    for field in form.fields:
        in_pixels = replace(field, area=Area(*(scale * value for value in field.area)))
        _write(rng, sheet, in_pixels, texts[field.name], hand)
    return sheet


def _write(rng: Rng, sheet: Pixels, field: Field, text: str, hand: Handwriting) -> None:
    """Write into a field whose area is in pixels of the sheet, in place."""
    area, height = field.area, DIGIT_HEIGHTS * field.area.h
    pitch = area.w / field.max_digits if field.comb else min(0.75 * area.h, 0.95 * area.w / max(1, len(text)))
    left = area.x if field.comb else area.x + float(rng.uniform(0, max(0.0, min(area.h, area.w - pitch * len(text)))))
    base = area.bottom - (1 - DIGIT_HEIGHTS) / 2 * area.h + float(rng.normal(0, 0.03)) * area.h
    for place, sign in enumerate(text):
        ink = _dot(height) if sign == "." else draw_digit(rng, int(sign), height, hand)
        x = left + pitch * (place + 0.5) - ink.shape[1] / 2 + float(rng.normal(0, 0.03)) * height
        _apply(sheet, ink, round(x), round(base) - ink.shape[0])


def _dot(height: float) -> NDArray[np.uint8]:
    size = max(3, round(0.14 * height))
    return np.asarray(
        cv2.circle(np.zeros((size, size), np.uint8), (size // 2, size // 2), size // 2, 255, -1), np.uint8
    )


def _apply(sheet: Pixels, ink: NDArray[np.uint8], x: int, y: int) -> None:
    """Write what lies on the sheet, in place."""
    h, w = ink.shape
    left, top = max(0, -x), max(0, -y)
    part = ink[top : max(top, sheet.shape[0] - y), left : max(left, sheet.shape[1] - x)]
    if part.size:
        apply_ink(sheet, part[: h - top, : w - left], x + left, y + top, INK_COLOURS["blue ballpoint"])
