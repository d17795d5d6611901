"""A candidate cut out of its picture: its own ink, without its neighbours'."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.vision.candidates import Candidate
from agent.vision.glyph import normalise
from agent.vision.ink import Ink


def own_ink(ink: Ink, candidate: Candidate) -> NDArray[np.uint8]:
    """A candidate's ink, uint8 (h, w), as large as its box; its neighbours' ink is left out."""
    box = candidate.box
    strength = ink.strength[box.y : box.bottom, box.x : box.right]
    if len(candidate.atoms) == 1:
        return strength * candidate.atoms[0].mask
    mask = np.zeros((box.h, box.w), np.uint8)
    for atom in candidate.atoms:
        x, y = atom.box.x - box.x, atom.box.y - box.y
        mask[y : y + atom.box.h, x : x + atom.box.w] |= atom.mask
    return strength * mask


def cut_glyph(ink: Ink, candidate: Candidate) -> NDArray[np.uint8]:
    """A candidate's own ink as a glyph, uint8 (28, 28)."""
    return normalise(own_ink(ink, candidate))
