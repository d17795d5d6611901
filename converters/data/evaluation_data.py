"""Data that nets are evaluated on: MNIST's test images, and candidates found in scenes rendered from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converters.data.mnist import load_mnist
from profiles.manifest import Role

SCENES = 100
"""Number of scenes that are rendered to evaluate a verifier."""
SEED = 2_000_000
"""Seed of the first scene. Trainings count up from small seeds and never reach it."""


@dataclass(frozen=True, eq=False)
class EvaluationData:
    """Images with their true labels."""

    name: str
    """Description for people."""
    images: NDArray[np.uint8]
    """Glyphs, uint8 (n, 28, 28), or contexts, uint8 (n, 3, 32, 48)."""
    labels: NDArray[np.int64]
    """int64 (n,), 0..9, or 10 for "not a digit"."""


def load_evaluation_data(role: Role, data: Path, scenes: int = SCENES) -> EvaluationData:
    """Load the data that nets of a role are evaluated on.

    The data is the same on every machine with the same major version of OpenCV: no installed font is used.

    Args:
        role: "classifier" gives MNIST's test images; "verifier" gives all candidates of rendered scenes, most of which
            are not digits.
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
    drawn = (draw_scene(np.random.default_rng((SEED, number)), digits, None) for number in range(scenes))
    candidates = extract_contexts(drawn)
    opencv = f"OpenCV {cv2.__version__.split('.')[0]}"  # the built-in font differs between major versions
    return EvaluationData(
        f"candidates of {scenes} scenes of MNIST test, {opencv}", candidates.images, candidates.labels
    )
