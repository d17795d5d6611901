"""Words, numbers and printed text. Text in fonts is not part of the ground truth: it must not be read as digits."""

from __future__ import annotations

import numpy as np

from converters.data.scenes.canvas import InkStyle, Point, Rect
from converters.data.scenes.draft import SceneDraft
from converters.data.scenes.fonts import Face
from converters.data.scenes.stroke_templates import SIGN_TEMPLATES

SYLLABLES = (  # noqa: SIM905
    "al an ar ba be ca ce co da de do el en er es fe fi ga gra ha ho in la le lo ma me mi mo na ne no or pa pe po "
    "que ra re ri ro sa se si so ta te ti to tra un ve vi za ch st ng th ee oo"
).split()

WORDS = (  # noqa: SIM905
    "Total Sum Name Date Fecha Monto Pesos mil cientos Pagar Banco Nombre Firma Datum Betrag Euro Seite Aufgabe Score "
    "Team Points Sudoku Level easy hard Page Room Phone Tel No Nr RUT Cuenta Cheque Serie kg cm min km Liter Stk "
    "Zone Size Bill Ziel Sol Klasse Bus"
).split()


def random_word(rng: np.random.Generator) -> str:
    """Return a random word, real or made of syllables."""
    if rng.random() < 0.4:
        return str(rng.choice(WORDS))
    made = "".join(rng.choice(SYLLABLES, int(rng.integers(2, 5))))
    return made.capitalize() if rng.random() < 0.25 else made.upper() if rng.random() < 0.15 else made


def random_number(rng: np.random.Generator, digits: int | None = None) -> str:
    """Return a random number; a zero is twice as likely as another digit.

    Args:
        rng: random generator.
        digits: number of digits; random, 1 to 6, if None.
    """
    count = digits or int(rng.choice([1, 2, 3, 4, 5, 6], p=[0.2, 0.25, 0.2, 0.15, 0.1, 0.1]))
    return "".join(rng.choice(list("00123456789"), count))


def random_signs(rng: np.random.Generator, count: int) -> str:
    """Return `count` random signs of `SIGN_TEMPLATES`."""
    return "".join(rng.choice(list(SIGN_TEMPLATES), count))


def printed_face(draft: SceneDraft, height_px: float) -> Face:
    """Return a random printing font."""
    return Face(draft.fonts.printed[int(draft.rng.integers(len(draft.fonts.printed)))], height_px)


def handwritten_face(draft: SceneDraft, height_px: float) -> Face:
    """Return a random handwriting font."""
    return Face(draft.fonts.handwritten[int(draft.rng.integers(len(draft.fonts.handwritten)))], height_px)


def random_print_ink(draft: SceneDraft) -> InkStyle:
    """Return a random printing ink."""
    rng = draft.rng
    colour = rng.uniform(150, 255, 3) if draft.dark else rng.uniform(0, 110) + rng.uniform(-30, 30, 3)
    return InkStyle(np.clip(colour, 0, 255).astype(np.float32), rng.uniform(0.5, 1))


def draw_text(draft: SceneDraft, face: Face, text: str, at: Point, ink: InkStyle) -> float:
    """Draw text in a font. Return the x of its right end.

    Args:
        draft: the scene.
        face: the font.
        text: the text to draw.
        at: left end of the baseline.
        ink: colour and opacity.
    """
    drawn = face.draw(text)
    draft.canvas.blend(drawn.ink, (at[0], at[1] - drawn.ascent_px), ink)
    return at[0] + float(drawn.ink.shape[1])


def draw_printed_lines(draft: SceneDraft, rect: Rect) -> None:
    """Fill a rectangle with lines of printed words and numbers. They are not part of the ground truth."""
    rng = draft.rng
    x, y, w, h = rect
    height = float(rng.uniform(6, 22)) if rng.random() < 0.8 else float(rng.uniform(22, 50))
    face, ink = printed_face(draft, height), random_print_ink(draft)
    baseline = y + height
    while baseline < y + h:
        words = [
            random_word(rng) if rng.random() < 0.75 else random_number(rng) for _ in range(int(rng.integers(2, 9)))
        ]
        drawn = face.draw(" ".join(words))
        draft.canvas.blend(drawn.ink[:, : int(w)], (x, baseline - drawn.ascent_px), ink)
        baseline += height * rng.uniform(1.6, 2.4)
