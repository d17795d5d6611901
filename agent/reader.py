"""The Python door: a reader with the net that measured best on this machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.choice.choice import Choice
from agent.choice.choose import choose_nets
from agent.paths import default_artifacts
from agent.vision.page import THOROUGH, Depth, Page, Trace, trace_page
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

    def __init__(self, artifacts: Path | str | None = None, *, depth: Depth = THOROUGH) -> None:
        folder = default_artifacts() if artifacts is None else Path(artifacts)
        self._nets = choose_nets(folder, detect_board().profile)
        self._depth = depth

    @property
    def choice(self) -> Choice:
        """Which classifier reads, in which runtime, and why; it changes when one fails and the next takes over."""
        return self._nets.classifier.choice

    def read(self, image_bgr: NDArray[np.uint8]) -> Page:
        """Read a picture; arguments and errors as in `trace`."""
        return self.trace(image_bgr).page

    def trace(self, image_bgr: NDArray[np.uint8]) -> Trace:
        """Read a picture, and tell what each step saw: what `agent.explain` shows.

        Args:
            image_bgr: uint8 (H, W, 3), blue first as OpenCV gives it, upright.

        Raises:
            UsageError: it is not such an array.
        """
        if not _is_picture(image_bgr):
            is_array = isinstance(image_bgr, np.ndarray)
            given = f"{image_bgr.dtype} {image_bgr.shape}" if is_array else type(image_bgr).__name__
            raise UsageError(
                f"a picture must be uint8 (H, W, 3), BGR, not {given}; read it with "
                "cv2.imread(path, cv2.IMREAD_COLOR), which gives None where it cannot"
            )
        return trace_page(image_bgr, self._nets, self._depth)


def _is_picture(image: object) -> bool:
    return (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.ndim == 3
        and image.shape[2] == 3
        and image.size > 0
    )
