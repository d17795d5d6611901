"""Digit reader of OpenCV's samples, to compare with: the steps of samples/python/digits_video.py and digits.py.

An adaptive threshold, contours, a filter by size and shape; then each part is deskewed, described by histograms of
oriented gradients in four cells, and classified by a support vector machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.drawing.handwriting import draw_digit
from agent.vision.box import Box
from agent.vision.digits import Digit
from benchmarks.svm import Floats, Svm, train_svm
from converters.data.mnist import load_mnist

SIZE_PX = 20
"""Side of the image that is classified."""
HOG_BINS = 16
"""Bins of a histogram of gradient orientations."""
TRAINING_DIGITS = 5000
"""Number of training digits, as in the image that OpenCV's sample is trained on."""
HOG_CELLS = (np.s_[:10, :10], np.s_[10:, :10], np.s_[:10, 10:], np.s_[10:, 10:])
FROM_INPUT = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR

Gray = NDArray[np.uint8]


def train_opencv_sample(digits: int = TRAINING_DIGITS) -> Svm:
    """Train the classifier of the sample on MNIST in DIGIT_DATA_DIR, or on drawn digits if the variable is not set.

    Args:
        digits: number of training digits.
    """
    folder = os.environ.get("DIGIT_DATA_DIR")
    images, labels = _mnist(Path(folder), digits) if folder else _drawn(digits)
    return train_svm(np.stack([_describe(_deskew(image)) for image in images]), labels)


def read_frame(image: NDArray[np.uint8], svm: Svm) -> tuple[Digit, ...]:
    """Return the digits of a frame, BGR uint8 (H, W, 3). Their probabilities are 1: the sample has none."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    mask = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 10)
    ink = np.asarray(cv2.medianBlur(mask, 3), np.uint8)
    return tuple(Digit(svm.predict(_describe(_deskew(_centre(part)))), 1.0, box) for box, part in _parts(ink))


def _parts(ink: Gray) -> Iterator[tuple[Box, Gray]]:
    """Yield the box and the cut-out of each contour with the size, the shape and the share of ink of a digit."""
    contours, hierarchy = cv2.findContours(ink, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return
    for contour, (_, _, _, outer) in zip(contours, hierarchy[0], strict=True):
        if outer >= 0:
            continue
        x, y, w, h = cv2.boundingRect(contour)
        if not 16 <= h <= 64 or w > 1.2 * h:
            continue
        padding = max(h - w, 0)
        left = max(0, x - padding // 2)
        part = ink[y : y + h, left : left + w + padding]
        if 0.1 < (part != 0).mean() < 0.4:
            yield Box(x, y, w, h), part


def _centre(part: Gray) -> Gray:
    """Scale a cut-out to two thirds of 20×20 pixels, with its centre of mass in the middle."""
    scale = 1.5 * part.shape[0] / SIZE_PX
    mass = cv2.moments(part)
    x, y = mass["m10"] / mass["m00"], mass["m01"] / mass["m00"]
    half = scale * SIZE_PX / 2
    back = np.array([[scale, 0, x - half], [0, scale, y - half]], np.float32)
    return np.asarray(cv2.warpAffine(part, back, (SIZE_PX, SIZE_PX), flags=FROM_INPUT), np.uint8)


def _deskew(image: Gray) -> Gray:
    """Shear a slanted digit upright, by its second moments."""
    mass = cv2.moments(image)
    if abs(mass["mu02"]) < 1e-2:
        return image
    skew = mass["mu11"] / mass["mu02"]
    back = np.array([[1, skew, -0.5 * SIZE_PX * skew], [0, 1, 0]], np.float32)
    return np.asarray(cv2.warpAffine(image, back, (SIZE_PX, SIZE_PX), flags=FROM_INPUT), np.uint8)


def _describe(image: Gray) -> Floats:
    """Return the histograms of oriented gradients in four cells, float32 (64,), as a Hellinger-normalized vector."""
    magnitude, angle = cv2.cartToPolar(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1))
    direction = (angle * (HOG_BINS / (2 * np.pi))).astype(np.int32) % HOG_BINS
    cells = [np.bincount(direction[c].ravel(), magnitude[c].ravel(), HOG_BINS) for c in HOG_CELLS]
    histogram = np.concatenate(cells)
    histogram = np.sqrt(histogram / (histogram.sum() + 1e-7))
    return np.asarray(histogram / (np.linalg.norm(histogram) + 1e-7), np.float32)


def _mnist(folder: Path, count: int) -> tuple[list[Gray], NDArray[np.uint8]]:
    """Return the inner 20×20 pixels of the first training images of MNIST, and their labels."""
    images, labels = load_mnist(folder, "train")
    margin = (images.shape[1] - SIZE_PX) // 2
    inner = images[:count, margin:-margin, margin:-margin]
    return [np.ascontiguousarray(image) for image in inner], labels[:count]


def _drawn(count: int) -> tuple[list[Gray], NDArray[np.uint8]]:
    """Return drawn digits, and their labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, count).astype(np.uint8)
    return [_centre(_square(draw_digit(rng, int(label), 40))) for label in labels], labels


def _square(ink: Gray) -> Gray:
    """Pad the ink of a digit to a square, if it is higher than wide."""
    h, w = ink.shape
    side = max(h - w, 0)
    return np.asarray(cv2.copyMakeBorder(ink, 0, 0, side // 2, side - side // 2, cv2.BORDER_CONSTANT), np.uint8)
