"""Data that nets are evaluated on: MNIST's test images, candidates of scenes with them, and strips with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from numpy.typing import NDArray

from converters.data.mnist import load_mnist
from profiles.manifest import Role

if TYPE_CHECKING:
    from converters.data.labelled import LabelledImages

SCENES = 100
"""Number of scenes that are rendered to evaluate a verifier."""
STRIPS = 2000
"""Number of strips that are drawn to evaluate a recogniser."""
STRIP_WIDTH_PX = 192
"""Width of the strips that evaluate a recogniser. Narrower strips are padded with empty paper."""
SEED = 2_000_000
"""Seed of the first scene, and of the strips. Trainings count up from small seeds and never reach it."""


@dataclass(frozen=True, eq=False)
class EvaluationData:
    """Images with their true labels."""

    name: str
    """Description for people."""
    images: NDArray[np.uint8]
    """Glyphs, uint8 (n, 28, 28), or contexts, uint8 (n, 3, 32, 48)."""
    labels: NDArray[np.int64]
    """Label of each image, int64 (n,): 0..9, or 10 for "not a digit"."""


@dataclass(frozen=True, eq=False)
class EvaluationStrips:
    """Strips of lines with their true texts."""

    name: str
    """Description for people."""
    images: NDArray[np.uint8]
    """The strips, uint8 (n, 2, 32, STRIP_WIDTH_PX), see `agent.vision.strip`."""
    texts: tuple[str, ...]
    """Digits of each strip."""


@overload
def load_evaluation_data(
    role: Literal["classifier", "verifier"], data: Path, scenes: int = SCENES
) -> EvaluationData: ...
@overload
def load_evaluation_data(role: Literal["recogniser"], data: Path, scenes: int = SCENES) -> EvaluationStrips: ...
@overload
def load_evaluation_data(role: Role, data: Path, scenes: int = SCENES) -> EvaluationData | EvaluationStrips: ...
def load_evaluation_data(role: Role, data: Path, scenes: int = SCENES) -> EvaluationData | EvaluationStrips:
    """Load the data that nets of a role are evaluated on.

    The data is the same on every machine with the same major version of OpenCV: no installed font is used.

    Args:
        role: "classifier" gives MNIST's test images; "verifier" gives all candidates of rendered scenes, most of which
            are not digits; "recogniser" gives strips of one to six of MNIST's test digits.
        data: folder with MNIST.
        scenes: number of scenes rendered for a verifier. The accuracies in the manifests are measured with the default.

    Raises:
        DatasetError: MNIST is missing or damaged.
    """
    images, labels = load_mnist(data, "test")
    if role == "classifier":
        return EvaluationData("MNIST test", images, labels.astype(np.int64))
    # Imported here because these modules need OpenCV, and evaluating a classifier does not.
    import cv2

    from converters.data.extract import extract_contexts
    from converters.data.labelled import LabelledImages
    from converters.data.scenes import draw_scene

    digits = LabelledImages(images, labels.astype(np.int64))
    opencv = f"OpenCV {cv2.__version__.split('.')[0]}"  # the built-in font and rounding differ between major versions
    if role == "recogniser":
        images, texts = _draw_strips(digits)
        return EvaluationStrips(f"strips of 1 to 6 digits of MNIST test, {opencv}", images, texts)
    drawn = (draw_scene(np.random.default_rng((SEED, number)), digits, None) for number in range(scenes))
    candidates = extract_contexts(drawn)
    return EvaluationData(
        f"candidates of {scenes} scenes of MNIST test, {opencv}", candidates.images, candidates.labels
    )


def _draw_strips(digits: LabelledImages) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Draw strips of digits; returns pictures, uint8 (STRIPS, 2, 32, STRIP_WIDTH_PX), and texts."""
    from converters.data.strips.images import crop_digits
    from converters.data.strips.render import draw_digits

    rng, pictures = np.random.default_rng(SEED), crop_digits(digits)
    drawn = [draw_digits(rng, pictures, STRIP_WIDTH_PX) for _ in range(STRIPS)]
    strips = [np.pad(strip, ((0, 0), (0, 0), (0, STRIP_WIDTH_PX - strip.shape[2]))) for strip, _ in drawn]
    return np.stack(strips), tuple(text for _, text in drawn)
