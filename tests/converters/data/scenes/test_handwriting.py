"""Stroke templates, skeletons, rasterization of strokes, writers and fonts."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ImageFont

from agent.drawing.strokes import catmull_rom, draw_strokes
from converters.data.labelled import concatenate
from converters.data.scenes import Fonts, load_fonts
from converters.data.scenes.fonts import Face
from converters.data.scenes.skeleton import thin, trace_strokes
from converters.data.scenes.stroke_templates import DIGIT_TEMPLATES, SIGN_TEMPLATES
from converters.data.scenes.writer import random_writer, write_digit, write_sign
from profiles.errors import DatasetError

LINE = np.array([[0.0, 0.0], [0.0, 40.0]])


@pytest.fixture
def fonts(tmp_path: Path) -> Fonts:
    """Return Pillow's default font as handwriting and as print."""
    source = ImageFont.load_default(20)
    assert isinstance(source, ImageFont.FreeTypeFont)
    for name in ("hand", "print"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own.ttf").write_bytes(source.font_bytes)
    return load_fonts(tmp_path)


def glyph_of(draw_width: int, *, filled: bool = False) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    glyph = np.zeros((28, 28), np.uint8)
    cv2.circle(glyph, (14, 17), 6, 255, -1 if filled else draw_width)
    cv2.line(glyph, (15, 3), (9, 14), 255, draw_width)
    return glyph


def test_thinning_gives_lines_one_pixel_wide() -> None:
    bar = np.zeros((30, 30), bool)
    bar[5:25, 10:17] = True
    thinned = thin(bar)
    assert thinned.sum(axis=1).max() == 1
    assert 12 <= thinned.sum() <= 20


def test_the_strokes_of_a_glyph_reproduce_its_shape() -> None:
    glyph = glyph_of(2)
    ink, _ = draw_strokes(np.random.default_rng(0), [path * 20 for path in trace_strokes(glyph)], 2)
    x, y, w, h = cv2.boundingRect(glyph)
    again = cv2.resize(ink, (w, h), interpolation=cv2.INTER_AREA) > 90
    original = glyph[y : y + h, x : x + w] > 90
    assert (again & original).sum() / (again | original).sum() > 0.6


def test_a_glyph_with_a_filled_loop_is_not_traced() -> None:
    assert trace_strokes(glyph_of(2, filled=True)) == []
    assert trace_strokes(np.zeros((28, 28), np.uint8)) == []


@pytest.mark.parametrize("pen_px", [1, 2.5, 6, 15])
def test_strokes_have_the_width_of_the_pen(pen_px: float) -> None:
    ink, (x, y) = draw_strokes(np.random.default_rng(0), [LINE], pen_px)
    assert ink.sum(axis=1).max() / 255 == pytest.approx(pen_px, abs=1)
    assert x == pytest.approx(-pen_px / 2, abs=1.5)
    assert y == pytest.approx(-pen_px / 2, abs=1.5)


def test_a_spline_passes_through_its_points() -> None:
    points = np.array([[0.0, 0], [3, 1], [4, 5], [0, 6]])
    line = catmull_rom(points)
    assert all(np.hypot(*(line - point).T).min() < 1e-9 for point in points)


@pytest.mark.parametrize("label", range(10))
def test_each_template_of_a_digit_has_the_height_asked_for(label: int) -> None:
    for template in range(len(DIGIT_TEMPLATES[label])):
        rng = np.random.default_rng(template)
        writers = (random_writer(rng, Fonts(), 60) for _ in iter(int, 1))
        writer = next(w for w in writers if w.source == "templates" and w.templates[label] == template)
        ink = write_digit(rng, writer, concatenate([]), label, 60)
        assert 40 < ink.shape[0] < 90
        assert ink[0].any()
        assert ink[:, 0].any()


@pytest.mark.parametrize("sign", SIGN_TEMPLATES)
def test_each_sign_has_ink(sign: str) -> None:
    rng = np.random.default_rng(0)
    ink, top = write_sign(rng, random_writer(rng, Fonts(), 40), sign, 40)
    assert ink.max() > 200
    assert -20 < top < 50


def test_fonts_of_a_folder(fonts: Fonts) -> None:
    assert fonts.has_handwritten_digits
    assert not Fonts().has_handwritten_digits
    for height in (10, 40, 100):
        drawn = Face(fonts.handwritten[0], height).draw("0")
        assert drawn.ink.shape[0] == pytest.approx(height, abs=3)
        assert drawn.ascent_px == pytest.approx(height, rel=0.05, abs=3)


@pytest.mark.parametrize("font", Fonts().handwritten + Fonts().printed)
def test_hershey_fonts_have_the_height_asked_for(font: int) -> None:
    drawn = Face(font, 40).draw("H")
    assert drawn.ink.shape[0] == pytest.approx(40, abs=12)
    assert Face(font, 40).draw("g").ascent_px < Face(font, 40).draw("g").ink.shape[0]


def test_a_folder_without_fonts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no font"):
        load_fonts(tmp_path)
