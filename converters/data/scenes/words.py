"""Print and words: what stands beside digits and must not be read as any."""

from __future__ import annotations

import numpy as np

from converters.data.scenes.desk import Desk
from converters.data.scenes.lettering import Face
from converters.data.scenes.page import Area, Ink, Spot
from converters.data.scenes.shapes import SIGNS

SYLLABLES = (  # noqa: SIM905
    "al an ar ba be ca ce co da de do el en er es fe fi ga gra ha ho in la le lo ma me mi mo na ne no or pa pe po "
    "que ra re ri ro sa se si so ta te ti to tra un ve vi za ch st ng th ee oo"
).split()

WORDS = (  # noqa: SIM905
    "Total Sum Name Date Fecha Monto Pesos mil cientos Pagar Banco Nombre Firma Datum Betrag Euro Seite Aufgabe Score "
    "Team Points Sudoku Level easy hard Page Room Phone Tel No Nr RUT Cuenta Cheque Serie kg cm min km Liter Stk "
    "Zone Size Bill Ziel Sol Klasse Bus"
).split()


def word(rng: np.random.Generator) -> str:
    """A word, real or not."""
    if rng.random() < 0.4:
        return str(rng.choice(WORDS))
    made = "".join(rng.choice(SYLLABLES, int(rng.integers(2, 5))))
    return made.capitalize() if rng.random() < 0.25 else made.upper() if rng.random() < 0.15 else made


def number(rng: np.random.Generator, digits: int | None = None) -> str:
    """A number of so many digits, many noughts among them."""
    count = digits or int(rng.choice([1, 2, 3, 4, 5, 6], p=[0.2, 0.25, 0.2, 0.15, 0.1, 0.1]))
    return "".join(rng.choice(list("00123456789"), count))


def signs(rng: np.random.Generator, count: int) -> str:
    """So many signs."""
    return "".join(rng.choice(list(SIGNS), count))


def print_face(desk: Desk, height_px: float) -> Face:
    """A printing font."""
    return Face(desk.fonts.printed[int(desk.rng.integers(len(desk.fonts.printed)))], height_px)


def hand_face(desk: Desk, height_px: float) -> Face:
    """A handwriting font."""
    return Face(desk.fonts.hand[int(desk.rng.integers(len(desk.fonts.hand)))], height_px)


def print_ink(desk: Desk) -> Ink:
    """Printer's ink."""
    rng = desk.rng
    colour = rng.uniform(150, 255, 3) if desk.dark else rng.uniform(0, 110) + rng.uniform(-30, 30, 3)
    return Ink(np.clip(colour, 0, 255).astype(np.float32), rng.uniform(0.5, 1))


def letter(desk: Desk, face: Face, text: str, at: Spot, ink: Ink) -> float:
    """Put a text in a font on the sheet, with the left end of its baseline at a spot; where it ends."""
    drawn = face.draw(text)
    desk.page.stamp(drawn.ink, (at[0], at[1] - drawn.ascent_px), ink)
    return at[0] + float(drawn.ink.shape[1])


def print_lines(desk: Desk, area: Area) -> None:
    """Running print, numbers and all; nothing in it is handwriting."""
    rng = desk.rng
    x, y, w, h = area
    height = float(rng.uniform(6, 22)) if rng.random() < 0.8 else float(rng.uniform(22, 50))
    face, ink = print_face(desk, height), print_ink(desk)
    baseline = y + height
    while baseline < y + h:
        words = [word(rng) if rng.random() < 0.75 else number(rng) for _ in range(int(rng.integers(2, 9)))]
        drawn = face.draw(" ".join(words))
        desk.page.stamp(drawn.ink[:, : int(w)], (x, baseline - drawn.ascent_px), ink)
        baseline += height * rng.uniform(1.6, 2.4)
