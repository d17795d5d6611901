"""Real pictures with truth, to learn from: a folder with a `truth.json`.

`truth.json` maps a picture's name to `{"boxes": [[digit, x, y, w, h], ...], "ignore": [...]}`, in pixels of the upright
picture; `ignore` holds printed digits in the same form. Not all pictures are learnt from: a quarter of each kind, told
by a checksum of their names, and all of a kind of which there are few, stay to judge with.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np

from agent.vision.box import Box
from converters.data.scenes import Scene
from profiles.errors import DatasetError

FEW = 10
"""A kind of fewer pictures is not learnt from."""
Row = tuple[int | str, int, int, int, int]


class Truth(msgspec.Struct, frozen=True):
    """What stands on one picture; further keys are not read."""

    kind: str = ""
    boxes: list[Row] | None = None
    ignore: list[Row] = []


def load_pictures(folder: Path) -> Iterator[Scene]:
    """The pictures of a folder that may be learnt from, with their digits.

    Raises:
        DatasetError: `truth.json` or a picture is missing or damaged.
    """
    path = folder / "truth.json"
    try:
        every = msgspec.json.decode(path.read_bytes(), type=dict[str, Truth])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read ({error}); name a folder of pictures with their truth") from error
    kinds = Counter(truth.kind for truth in every.values())
    for name, truth in sorted(every.items()):
        if truth.boxes is None or kinds[truth.kind] < FEW or not may_be_learnt_from(name):
            continue
        image = cv2.imread(str(folder / name), cv2.IMREAD_COLOR)
        if image is None:
            raise DatasetError(f"{folder / name} is missing or no picture; copy the folder again")
        digits = tuple((int(d), Box(x, y, w, h)) for d, x, y, w, h in (*truth.boxes, *truth.ignore))
        yield Scene(np.asarray(image, np.uint8), digits)


def may_be_learnt_from(name: str) -> bool:
    """Whether a picture belongs to the three quarters that training may see."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 4 != 3
