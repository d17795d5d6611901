"""Drawn lines and form fields, pages without digits, and writing that shows through the paper."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agent.vision.box import union
from benchmarks.fields import draw_fields
from benchmarks.numbers.case import Case
from benchmarks.numbers.handwriting import HeldOutHandwriting, any_of, place, right_of, write_number
from benchmarks.numbers.notation import fill
from benchmarks.numbers.sheet import WrittenSheet, draw_sheet
from benchmarks.numbers.writers import on_paper
from benchmarks.scenes import WITHOUT_DIGITS
from converters.data.labelled import LabelledImages
from converters.data.scenes.draw import draw_page
from converters.data.scenes.fields import MEDIA, SURROUNDS
from converters.data.strokes import Stroke

SEED, EMPTY_SEED = 43, 77
LINES, FIELDS_EACH, EMPTY_PAGES, BACKS = 200, 5, 200, 8
"""Number of lines, of fields for each surround and medium, of pages without digits, and of pages with a back."""
FIELDS = FIELDS_EACH * len(SURROUNDS) * len(MEDIA)
MAX_LINE_DIGITS = 16
"""Largest number of digits in a drawn line."""
BACK_ROWS, BACK_COLUMNS = 4, 5
"""Numbers of rows and columns of digits on the back of a page."""
BACK_PITCH = (1.6, 2.2)
"""Distance of the digits on a back, across and down, in heights of a digit."""


def lines(handwriting: HeldOutHandwriting) -> Iterator[Case]:
    """Yield lines of 1 to 16 digits, on plain, ruled and boxed paper in turn."""
    for number in range(LINES):
        rng = np.random.default_rng((SEED, 0, number))
        text = fill(rng, "#" * (1 + number % MAX_LINE_DIGITS))
        paper = ("plain", "ruled", "boxed")[number % 3]
        image, line = draw_sheet(rng, on_paper(paper, write_number(rng, text, handwriting)))
        yield Case("drawn lines", image, text, line=line)


def fields(glyphs: LabelledImages) -> Iterator[Case]:
    """Yield form fields of each surround in each medium, shuffled, with the test digits of MNIST."""
    drawn = list(draw_fields(glyphs, FIELDS_EACH))
    for index in np.random.default_rng(SEED).permutation(len(drawn)).tolist():
        field = drawn[index]
        line = union(box for _, box in field.scene.digits)
        yield Case("drawn form fields", field.scene.image, field.text, line=line)


def empty_pages(glyphs: LabelledImages) -> Iterator[Case]:
    """Yield pages without digits: print, words, crosses, textures, blank and ruled paper, shadows."""
    for number in range(EMPTY_PAGES):
        scene = draw_page(np.random.default_rng((EMPTY_SEED, number)), WITHOUT_DIGITS, glyphs)
        yield Case("empty pages", scene.image, things=1, ignored=scene.ignored)


def backs(handwriting: HeldOutHandwriting) -> Iterator[Case]:
    """Yield pages whose back shows through: 20 digits each, mirrored. Every second one has a number on its front."""
    across, down = BACK_PITCH
    for number in range(BACKS):
        rng = np.random.default_rng((SEED, 1, number))
        back: list[Stroke] = []
        for row in range(BACK_ROWS):
            for column in range(BACK_COLUMNS):
                item = any_of(rng, handwriting.digits[str(rng.integers(0, 10))])
                back += place(item, column * across, row * down, height=1.0)
        mirrored = [stroke * np.array((-1, 1), np.float32) for stroke in back]
        front = write_number(rng, fill(rng, "####"), handwriting) if number % 2 else []
        above = np.array((-right_of(back), -1.2 - down), np.float32)
        image, box = draw_sheet(rng, WrittenSheet([stroke + above for stroke in front], back=mirrored))
        yield Case("mirrored digits", image, things=BACK_ROWS * BACK_COLUMNS, ignored=() if box is None else (box,))
