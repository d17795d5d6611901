"""Load labelled real pictures for training from a folder with a `truth.json`.

`truth.json` maps a picture's name to `{"boxes": [[digit, x, y, w, h], ...], "ignore": [...]}`, in pixels of the upright
picture; `ignore` holds printed digits in the same form. A quarter of the pictures, chosen by a checksum of their names,
is held out for evaluation, and so are all pictures of a kind that has few.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.vision.box import Box
from converters.data.scenes import Scene
from profiles.errors import DatasetError

MIN_PICTURES_PER_KIND = 10
"""Smallest number of pictures of a kind; kinds with fewer are held out."""
BoxRow = tuple[int | str, int, int, int, int]
"""A digit with its box: digit, x, y, w, h."""


class PictureTruth(msgspec.Struct, frozen=True):
    """Labels of one picture; other keys in the file are ignored."""

    kind: str = ""
    boxes: list[BoxRow] | None = None
    ignore: list[BoxRow] = []
    lines: list[str] = []
    """The digits of each line of text, printed ones included."""


def list_pictures(folder: Path) -> list[tuple[Path, PictureTruth]]:
    """List the training pictures of a folder whose digits have boxes.

    Raises:
        DatasetError: `truth.json` is missing or damaged.
    """
    training = training_pictures(load_truth(folder))
    return [(folder / name, truth) for name, truth in training.items() if truth.boxes is not None]


def load_picture(path: Path, truth: PictureTruth) -> Scene:
    """Load a picture with its digits.

    Raises:
        DatasetError: the file is missing or not a picture.
    """
    digits = tuple((int(d), Box(x, y, w, h)) for d, x, y, w, h in (*(truth.boxes or ()), *truth.ignore))
    return Scene(load_labelled_picture(path.parent, path.name), digits)


def load_truth(folder: Path) -> dict[str, PictureTruth]:
    """Read the labels of all pictures of a folder, by the picture's name.

    Raises:
        DatasetError: `truth.json` is missing or damaged.
    """
    path = folder / "truth.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, PictureTruth])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{path} cannot be read ({error})", advice="name a folder of pictures with a truth.json"
        ) from error


def load_labelled_picture(folder: Path, name: str) -> NDArray[np.uint8]:
    """Read a picture of a labelled folder, BGR uint8 (H, W, 3).

    Raises:
        DatasetError: the file is missing or not a picture.
    """
    image = cv2.imread(str(folder / name), cv2.IMREAD_COLOR)
    if image is None:
        raise DatasetError(f"{folder / name} is missing or not a picture", advice="copy the folder again")
    return np.asarray(image, np.uint8)


def training_pictures(labels: Mapping[str, PictureTruth]) -> dict[str, PictureTruth]:
    """Return the labels of the pictures that training may use, sorted by name."""
    kinds = Counter(truth.kind for truth in labels.values())
    return {
        name: truth
        for name, truth in sorted(labels.items())
        if kinds[truth.kind] >= MIN_PICTURES_PER_KIND and is_for_training(name)
    }


def is_for_training(name: str) -> bool:
    """Whether a picture belongs to the three quarters that are used for training."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 4 != 3
