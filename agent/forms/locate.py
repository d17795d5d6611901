"""Find a form in a picture, and check that the picture shows this form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.capture.pictures import load_picture
from agent.forms.blank import to_pixels
from agent.forms.form import Area, Form
from agent.forms.marks import find_marks, homography_of_marks
from agent.vision.pixels import Pixels
from profiles.errors import FormError, FormNotFoundError

Homography = NDArray[np.float64]
"""Matrix that maps points of one plane to another, float64 (3, 3)."""
Grey = NDArray[np.uint8]

REFERENCE_PX = 1000
"""Longest side of the reference picture when its print is compared, in pixels. Raising it takes more time."""
SEARCH_PX = 1200
"""Longest side of a picture in which the form is searched, in pixels. Raising it finds smaller forms in more time."""
BLANK_PX = 2400
"""Longest side of a blank sheet that is drawn to know its lines, in pixels. Raising it takes more memory."""
REFERENCE_FEATURES, PICTURE_FEATURES = 1500, 3000
"""Largest numbers of SIFT features. A picture has more, because it shows handwriting and a table as well."""
MIN_REFERENCE_FEATURES = 40
"""Smallest number of features that a reference picture needs, so that the form can be found by it."""
MAX_MATCH_RATIO = 0.8
"""Distance of a match as a share of the distance of the second best one (Lowe 2004)."""
MAX_ERROR_PX = 4.0
"""Distance in searched pixels up to which a match agrees with a homography. Paper is never quite flat."""
MIN_INLIERS = 12
"""Number of matches that must agree. Chosen by trial: pages of other kinds reach 7."""
TILES = 10
"""Tiles along each side of the sheet, in which its print is compared."""
MIN_TILE_CORRELATION = 0.35
"""A tile is seen if its print and the picture have at least this correlation, -1..1. Chosen by trial."""
MIN_SEEN_SHARE = 0.5
"""Share of the tiles with print that must be seen: a hand or a shadow may hide the others."""
MIN_TILE_CONTRAST = 6.0
"""A tile has print if its grey levels have at least this standard deviation."""
MAX_SIDES_RATIO = 4.0
"""Largest ratio of two opposite sides of the sheet in the picture. At 35° it is below 2."""


@dataclass(frozen=True, eq=False)
class Location:
    """Where a form is in a picture."""

    to_picture: Homography
    """Maps points of the sheet, in its units, to pixels of the picture."""

    def quad(self, area: Area) -> NDArray[np.float64]:
        """Return the corners of an area in the picture, clockwise from the upper left of the sheet, float64 (4, 2)."""
        return _mapped(area, self.to_picture)


class FormFinder:
    """Finds one form in pictures.

    Args:
        form: the form.

    Raises:
        PictureError: the reference picture cannot be read.
        FormError: the reference picture has too little print.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self._blank: tuple[Pixels, Homography] | None = None
        if form.picture is not None:
            self._scale, self._grey, self._mask = _reference(form, load_picture(form.picture))
            self._points, self._descriptors = _features(self._grey, REFERENCE_FEATURES, self._mask)
            if len(self._points) < MIN_REFERENCE_FEATURES:
                place = form.picture_place or form.name
                raise FormError(
                    f"{place}: the picture of the form {form.name} has too little print to be found by",
                    advice="use a sharper picture, or 'digit-agent form print', which adds marks",
                )

    def blank(self) -> tuple[Pixels, Homography]:
        """Return the sheet without writing, and the homography from its units to the pixels."""
        if self._blank is None:
            form = self.form
            scale = 1.0 if form.picture is not None else BLANK_PX / max(form.size)
            image = load_picture(form.picture) if form.picture is not None else to_pixels(form, scale)
            self._blank = image, np.diag([scale, scale, 1.0])
        return self._blank

    def find(self, image: Pixels) -> Location:
        """Find the form in a picture, BGR uint8 (H, W, 3).

        Raises:
            FormNotFoundError: it is not there, not as a whole, or twice.
        """
        found = self._by_marks(image) if self.form.picture is None else self._by_print(image)
        if not found:
            raise FormNotFoundError(
                f"the form {self.form.name} is not in the picture",
                advice="check that it is sharp, lit and wholly in the picture",
            )
        if len(found) > 1:
            raise self._found_twice()
        location = Location(found[0])
        height, width = image.shape[:2]
        outside = [field.name for field in self.form.fields if _is_outside(location.quad(field.area), width, height)]
        if outside:
            raise FormNotFoundError(
                f"a part of the form {self.form.name} is outside the picture: {', '.join(outside[:5])}",
                advice="photograph the whole sheet",
            )
        return location

    def _by_marks(self, image: Pixels) -> list[Homography]:
        assert self.form.marks is not None
        marks = find_marks(image)
        copies = max((len(marks.get(4 * self.form.marks + place, ())) for place in range(4)), default=0)
        if copies > 1:  # a homography would mix the marks of several sheets
            raise self._found_twice()
        homography = homography_of_marks(marks, self.form.marks, self.form.size)
        if homography is None or not _is_plausible(_mapped(Area(0, 0, *self.form.size), homography)):
            return []
        return [homography]

    def _found_twice(self) -> FormNotFoundError:
        return FormNotFoundError(
            f"the form {self.form.name} is in the picture more than once", advice="photograph one sheet at a time"
        )

    def _by_print(self, image: Pixels) -> list[Homography]:
        scale = min(1.0, SEARCH_PX / max(image.shape[:2]))
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        if scale < 1:
            grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        to_grey, to_sheet = _scaling(scale), _scaling(self._scale)
        return [np.linalg.inv(to_grey) @ one @ to_sheet for one in self._homographies(grey)]

    def _homographies(self, grey: Grey) -> Iterator[Homography]:
        """Yield the homographies from the scaled reference to a scaled picture, one for each copy of the form."""
        points, descriptors = _features(grey, PICTURE_FEATURES)
        if len(points) < MIN_INLIERS:
            return
        pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(descriptors, self._descriptors, k=2)
        good = [a for a, b in pairs if a.distance < MAX_MATCH_RATIO * b.distance]
        there, here = points[[m.queryIdx for m in good]], self._points[[m.trainIdx for m in good]]
        for _ in range(2):
            if len(here) < MIN_INLIERS:
                return
            found, inliers = cv2.findHomography(here, there, cv2.USAC_MAGSAC, MAX_ERROR_PX, maxIters=5000)
            if found is None or np.count_nonzero(inliers) < MIN_INLIERS:
                return
            homography = np.asarray(found, np.float64)
            h, w = self._grey.shape
            quad = _mapped(Area(0, 0, w, h), homography)
            if not _is_plausible(quad) or not self._is_seen(grey, homography):
                return
            yield homography
            outside = [cv2.pointPolygonTest(quad.astype(np.float32), tuple(map(float, p)), False) < 0 for p in there]
            there, here = there[outside], here[outside]

    def _is_seen(self, grey: Grey, homography: Homography) -> bool:
        """Return whether the print of the reference is seen in the picture, tile by tile."""
        h, w = self._grey.shape
        picture = cv2.warpPerspective(grey, homography, (w, h), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        ys, xs = (np.linspace(0, size, TILES + 1).astype(int) for size in (h, w))
        correlations = list[float]()
        for top, bottom in pairwise(ys.tolist()):
            for left, right in pairwise(xs.tolist()):
                inside = self._mask[top:bottom, left:right] > 0
                print_, seen = (
                    cv2.GaussianBlur(one[top:bottom, left:right], (0, 0), 1.5)[inside].astype(np.float64)
                    for one in (self._grey, picture)
                )
                if len(print_) > 50 and print_.std() >= MIN_TILE_CONTRAST:
                    correlations.append(float(np.corrcoef(print_, seen)[0, 1]) if seen.std() > 0 else 0.0)
        return bool(correlations) and float(np.mean(np.array(correlations) >= MIN_TILE_CORRELATION)) >= MIN_SEEN_SHARE


def find_form(finders: Sequence[FormFinder], image: Pixels) -> tuple[int, Location]:
    """Find which of several forms is in a picture.

    Returns:
        The index of its finder, and where it is.

    Raises:
        FormNotFoundError: none of them is there.
    """
    if len(finders) == 1:
        return 0, finders[0].find(image)
    for index, finder in enumerate(finders):
        with suppress(FormNotFoundError):
            return index, finder.find(image)
    raise FormNotFoundError(
        f"none of these forms is in the picture, as a whole and once: {', '.join(one.form.name for one in finders)}",
        advice="photograph one whole sheet, sharp and lit",
    )


def _reference(form: Form, image: Pixels) -> tuple[float, Grey, Grey]:
    """Return the scale, the grey reference, and a mask that is 0 where something is written by hand."""
    scale = min(1.0, REFERENCE_PX / max(image.shape[:2]))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mask = np.full(grey.shape, 255, np.uint8)
    for field in form.fields:
        x, y, right, bottom = (round(scale * value) for value in (*field.area[:2], field.area.right, field.area.bottom))
        mask[y:bottom, x:right] = 0
    return scale, np.asarray(grey, np.uint8), mask


def _features(grey: Grey, count: int, mask: Grey | None = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the places, float32 (n, 2), and the SIFT descriptors, float32 (n, 128), of a grey picture."""
    points, descriptors = cv2.SIFT.create(nfeatures=count).detectAndCompute(grey, mask)
    if not points:  # then there are no descriptors
        return np.empty((0, 2), np.float32), np.empty((0, 128), np.float32)
    return np.array([point.pt for point in points], np.float32), np.asarray(descriptors, np.float32)


def _scaling(scale: float) -> Homography:
    """Return the homography from a picture's pixels to those of the scaled one; centres are at whole numbers."""
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2], [0, 0, 1.0]])


def _mapped(area: Area, homography: Homography) -> NDArray[np.float64]:
    corners = [(area.x, area.y), (area.right, area.y), (area.right, area.bottom), (area.x, area.bottom)]
    return np.asarray(cv2.perspectiveTransform(np.array([corners], np.float64), homography)[0], np.float64)


def _is_plausible(quad: NDArray[np.float64]) -> bool:
    """Return whether a quadrilateral may be a sheet of paper before a camera: convex, not mirrored, not too oblique."""
    if not np.isfinite(quad).all():
        return False
    edges = np.roll(quad, -1, axis=0) - quad
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    sides = np.hypot(*edges.T)
    ratios = np.maximum(sides[:2] / sides[2:], sides[2:] / sides[:2])
    return bool((turns > 0).all() and (ratios < MAX_SIDES_RATIO).all())


def _is_outside(quad: NDArray[np.float64], width: int, height: int) -> bool:
    return bool((quad < -0.5).any() or (quad[:, 0] > width).any() or (quad[:, 1] > height).any())
