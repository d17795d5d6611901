"""ArUco marks in the corners of a form: where they are printed, and where they are in a picture.

Each form has its own set of four marks, which distinguishes it from other forms: set n has the marks 4 n to 4 n + 3,
clockwise from the upper left corner.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.forms.form import Area
from agent.vision.pixels import Pixels

DICTIONARY = cv2.aruco.DICT_4X4_50
"""4×4 cells: larger cells than those of other dictionaries, for small pictures."""
CELLS = 6
"""Cells along the side of a mark: four, and a black border on each side."""
MARK_SHARE = 1 / 14
"""Side of a mark, as a share of the shorter side of the sheet. Raising it finds marks in smaller pictures, and leaves
less room for fields."""
MARGIN_SHARE = 1 / 28
"""Distance of the marks to the edges of the sheet, as a share of its shorter side: printers leave 5 mm white."""
MIN_MARKS = 2
"""Number of marks that must be found: a hand may cover the others. Two give eight points, a homography needs four."""
MARKS_PX = 2000
"""Longest side of the picture in which marks are searched, in pixels. Raising it finds smaller marks and takes time."""


def mark_areas(size: tuple[float, float]) -> tuple[Area, ...]:
    """Return the places of the four marks on a sheet, clockwise from the upper left, in its units.

    Args:
        size: width and height of the sheet.
    """
    side, margin = MARK_SHARE * min(size), MARGIN_SHARE * min(size)
    right, bottom = size[0] - margin - side, size[1] - margin - side
    return tuple(
        Area(x, y, side, side) for x, y in ((margin, margin), (right, margin), (right, bottom), (margin, bottom))
    )


def mark_cells(number: int) -> NDArray[np.uint8]:
    """Return the cells of a mark, uint8 (6, 6): 0 is black, 255 is white."""
    dictionary = cv2.aruco.getPredefinedDictionary(DICTIONARY)
    return np.asarray(cv2.aruco.generateImageMarker(dictionary, number, CELLS), np.uint8)


def find_marks(image: Pixels) -> dict[int, list[NDArray[np.float64]]]:
    """Find all marks of a picture.

    Args:
        image: BGR uint8 (H, W, 3).

    Returns:
        By number, the corners of each mark, clockwise from its own upper left, float64 (4, 2) in pixels.
    """
    scale = min(1.0, MARKS_PX / max(image.shape[:2]))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = grey if scale == 1 else cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(DICTIONARY), parameters)
    corners, numbers, _ = detector.detectMarkers(small)
    found: dict[int, list[NDArray[np.float64]]] = {}
    for number, quad in zip([] if numbers is None else np.ravel(numbers).tolist(), corners, strict=True):
        found.setdefault(int(number), []).append((np.asarray(quad, np.float64).reshape(4, 2) + 0.5) / scale - 0.5)
    return found


def homography_of_marks(
    marks: dict[int, list[NDArray[np.float64]]], number: int, size: tuple[float, float]
) -> NDArray[np.float64] | None:
    """Return the homography from the units of a sheet to the pixels of the picture.

    Args:
        marks: result of `find_marks`.
        number: number of the set of marks.
        size: width and height of the sheet.

    Returns:
        float64 (3, 3), or None if fewer than `MIN_MARKS` of the set were found.
    """
    sheet, picture = list[Any](), list[Any]()
    for place, area in enumerate(mark_areas(size)):
        for quad in marks.get(4 * number + place, [])[:1]:
            sheet += [(area.x, area.y), (area.right, area.y), (area.right, area.bottom), (area.x, area.bottom)]
            picture += quad.tolist()
    if len(sheet) < 4 * MIN_MARKS:
        return None
    homography, _ = cv2.findHomography(np.array(sheet), np.array(picture))
    return None if homography is None else np.asarray(homography, np.float64)
