"""Conversions between pixels of the picture and working pixels. The ink of a working image may be deskewed."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from agent.vision.box import Box
from agent.vision.candidates import Candidate
from agent.vision.ink import Affine, Ink


def in_picture(candidate: Candidate, ink: Ink, width: int, height: int) -> Box:
    """Return the box of a candidate in pixels of the picture. `width` and `height` are the size of the picture."""
    return all_in_picture([candidate], ink, width, height)[0]


def all_in_picture(candidates: Sequence[Candidate], ink: Ink, width: int, height: int) -> list[Box]:
    """Return the box of each candidate; the other arguments as in `in_picture`."""
    transform = ink.deskew_inverse
    boxes = [c.box if transform is None else _transformed_box(c, transform) for c in candidates]
    return _scaled(boxes, ink, width, height)


def centre_in_picture(box: Box, ink: Ink, width: int, height: int) -> Box:
    """Convert a box from working to picture pixels. If the ink is deskewed, only the centre is rotated."""
    if ink.deskew_inverse is not None:
        box = _turned(box, ink.deskew_inverse)
    return _scaled([box], ink, width, height)[0]


def in_working(box: Box, ink: Ink) -> Box:
    """Convert a box from picture to working pixels. If the ink is deskewed, only the centre is rotated."""
    scaled = Box(*(round(value * ink.scale) for value in box))
    if ink.deskew_inverse is None:
        return scaled
    return _turned(scaled, np.asarray(cv2.invertAffineTransform(ink.deskew_inverse), np.float64))


def _turned(box: Box, transform: Affine) -> Box:
    x, y = transform[:, :2] @ box.centre + transform[:, 2]
    return Box(round(x - box.w / 2), round(y - box.h / 2), box.w, box.h)


def _scaled(boxes: Sequence[Box], ink: Ink, width: int, height: int) -> list[Box]:
    """Scale working boxes to pixels of the picture, inside the picture."""
    sides = np.array(boxes, np.int64).reshape(-1, 4)
    start, end = (np.rint(corners / ink.scale) for corners in (sides[:, :2], sides[:, :2] + sides[:, 2:]))
    start = np.maximum(start, 0)
    size = np.maximum(np.minimum(end, (width, height)) - start, 1)
    return list(map(Box._make, np.hstack([start, size]).astype(int).tolist()))


def _transformed_box(candidate: Candidate, transform: Affine) -> Box:
    """Return the box around the ink of a candidate after an affine transform."""
    points = [np.argwhere(atom.mask)[:, ::-1] + (atom.box.x + 0.5, atom.box.y + 0.5) for atom in candidate.atoms]
    moved = np.concatenate(points) @ transform[:, :2].T + transform[:, 2]
    (x, y), (right, bottom) = np.floor(moved.min(axis=0)).astype(int), np.ceil(moved.max(axis=0)).astype(int)
    return Box(int(x), int(y), int(right - x), int(bottom - y))
