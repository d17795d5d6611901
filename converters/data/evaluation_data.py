"""What nets are judged on: MNIST's test images, and what the segmenter finds on scenes that are drawn of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converters.data.mnist import load_mnist
from profiles.manifest import Role

SCENES = 100
SEED = 2_000_000
"""Far from any that a training counts up from."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Images with their truth."""

    name: str
    """What they are, for people."""
    images: NDArray[np.uint8]
    """uint8 (n, 28, 28) or (n, 3, 32, 48)."""
    labels: NDArray[np.int64]
    """int64 (n,), 0..9, or 10 for "not a digit"."""


def load_trial(role: Role, data: Path, scenes: int = SCENES) -> Trial:
    """What a net of this role is judged on: always the same, and made without any font.

    Args:
        role: a classifier is asked about digits, a verifier about every candidate, most of which are none.
        data: a folder with MNIST.
        scenes: how many are drawn for a verifier; only all of them are what is promised about.

    Raises:
        DatasetError: MNIST is not there.
    """
    images, labels = load_mnist(data, "test")
    if role == "classifier":
        return Trial("MNIST test", images, labels.astype(np.int64))
    # Late, because these need OpenCV, and a classifier is judged without.
    import cv2

    from converters.data.harvest import harvest_surroundings
    from converters.data.labelled import LabelledGlyphs
    from converters.data.scenes import draw_scene

    digits = LabelledGlyphs(images, labels.astype(np.int64))
    drawn = (draw_scene(np.random.default_rng((SEED, number)), digits, None) for number in range(scenes))
    candidates = harvest_surroundings(drawn)
    drawn_with = f"OpenCV {cv2.__version__.split('.')[0]}"  # each major version has letters of its own
    return Trial(f"candidates of {scenes} scenes of MNIST test, {drawn_with}", candidates.images, candidates.labels)
