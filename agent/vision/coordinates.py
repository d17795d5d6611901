"""Conversions between pixels of the picture and working pixels. The ink of a working image may be deskewed."""

from __future__ import annotations

import cv2
import numpy as np

from agent.vision.box import Box
from agent.vision.candidates import Candidate
from agent.vision.ink import Affine, Ink


def in_picture(candidate: Candidate, ink: Ink, width: int, height: int) -> Box:
    """Return the box of a candidate in pixels of the picture. `width` and `height` are the size of the picture."""
    box = candidate.box if ink.deskew_inverse is None else _transformed_box(candidate, ink.deskew_inverse)
    return _scaled(box, ink, width, height)


def centre_in_picture(box: Box, ink: Ink, width: int, height: int) -> Box:
    """Convert a box from working to picture pixels. If the ink is deskewed, only the centre is rotated."""
    if ink.deskew_inverse is not None:
        box = _turned(box, ink.deskew_inverse)
    return _scaled(box, ink, width, height)


def in_working(box: Box, ink: Ink) -> Box:
    """Convert a box from picture to working pixels. If the ink is deskewed, only the centre is rotated."""
    scaled = Box(*(round(value * ink.scale) for value in box))
    if ink.deskew_inverse is None:
        return scaled
    return _turned(scaled, np.asarray(cv2.invertAffineTransform(ink.deskew_inverse), np.float64))


def _turned(box: Box, transform: Affine) -> Box:
    x, y = transform[:, :2] @ box.centre + transform[:, 2]
    return Box(round(x - box.w / 2), round(y - box.h / 2), box.w, box.h)


def _scaled(box: Box, ink: Ink, width: int, height: int) -> Box:
    """Scale a working box to pixels of the picture, inside the picture."""
    x, y = max(0, round(box.x / ink.scale)), max(0, round(box.y / ink.scale))
    right, bottom = min(width, round(box.right / ink.scale)), min(height, round(box.bottom / ink.scale))
    return Box(x, y, max(1, right - x), max(1, bottom - y))


def _transformed_box(candidate: Candidate, transform: Affine) -> Box:
    """Return the box around the ink of a candidate after an affine transform."""
    points = [np.argwhere(atom.mask)[:, ::-1] + (atom.box.x + 0.5, atom.box.y + 0.5) for atom in candidate.atoms]
    moved = np.concatenate(points) @ transform[:, :2].T + transform[:, 2]
    (x, y), (right, bottom) = np.floor(moved.min(axis=0)).astype(int), np.ceil(moved.max(axis=0)).astype(int)
    return Box(int(x), int(y), int(right - x), int(bottom - y))
