"""The Python door: a reader with the net that measured best on this machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.choice.choose import BestNet, Choice, choose
from agent.folders import default_artifacts
from agent.vision.page import THOROUGH, Depth, Page, read_page
from profiles.board import detect_board
from profiles.errors import UsageError


class Reader:
    """Reads digits off pictures.

        page = Reader().read(cv2.imread("note.jpg"))
        print([reading.text for reading in page.readings])

    The first reader on a machine takes a few seconds to find the best artifact and runtime; it is remembered.

    Args:
        artifacts: a folder of artifacts with its manifest; None means those that ship with the package.
        depth: how thoroughly to look.

    Raises:
        ManifestError: the folder's manifest is missing or damaged.
        NoArtifactError: nothing in the folder can be used on this machine.
    """

    def __init__(self, artifacts: Path | None = None, *, depth: Depth = THOROUGH) -> None:
        self._net = BestNet(choose(artifacts or default_artifacts(), detect_board().profile))
        self._depth = depth

    @property
    def choice(self) -> Choice:
        """Which artifact and runtime read, and why; it changes when one fails and the next takes over."""
        return self._net.choice

    def read(self, image_bgr: NDArray[np.uint8]) -> Page:
        """Read a picture.

        Args:
            image_bgr: uint8 (H, W, 3), blue first as OpenCV gives it, upright.

        Raises:
            UsageError: it is not such an array.
        """
        if image_bgr.dtype != np.uint8 or image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or not image_bgr.size:
            raise UsageError(
                f"a picture must be uint8 (H, W, 3), BGR, not {image_bgr.dtype} {image_bgr.shape}; "
                "read it with cv2.imread(path, cv2.IMREAD_COLOR)"
            )
        return read_page(image_bgr, self._net, self._depth)
