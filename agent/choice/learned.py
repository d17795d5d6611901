"""What was learned from corrections: matrices that adjust the logits of nets, in one JSON file.

The file names the artifacts that each matrix belongs to by their checksums, so it does nothing to other artifacts.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from profiles.atomic_write import write_atomic
from profiles.errors import ArtifactError, OutputError
from profiles.manifest import Count, Role, Sha256
from profiles.regular_file import read_regular_file

log = logging.getLogger(__name__)
MAX_BYTES = 2**20
"""Maximum size of the file; three matrices take 20 kB. Raising it lets a file fill more of a board's memory."""
Matrix = NDArray[np.float32]
"""Adjustment of logits, float32 (k + 1, k): adjusted = logits @ matrix[:-1] + matrix[-1]."""
Weight = Annotated[float, msgspec.Meta(ge=-1e4, le=1e4)]


def adjust(logits: NDArray[np.float32], matrix: Matrix) -> NDArray[np.float32]:
    """Return adjusted logits, float32 (..., k)."""
    return np.asarray(logits @ matrix[:-1] + matrix[-1], np.float32)


class Adjustment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the logits of one role's net are adjusted."""

    tier: str
    files: tuple[Sha256, ...]
    """Checksums of the artifacts with these weights."""
    matrix: Annotated[tuple[tuple[Weight, ...], ...], msgspec.Meta(min_length=2, max_length=100)]
    """Rows of the matrix."""


class Learned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that was learned, and how it was judged."""

    schema: Literal[1] = 1
    corrections: Count
    """Number of pictures that it was learned from."""
    right_before: Count
    right_after: Count
    """Numbers read right before and after; each picture was read by nets that had not learned from it."""
    adjustments: dict[Role, Adjustment]

    def by_file(self) -> Mapping[str, Matrix]:
        """Return the matrix for each artifact, by the checksum of its file."""
        return {
            sha256: np.array(adjustment.matrix, np.float32)
            for adjustment in self.adjustments.values()
            for sha256 in adjustment.files
        }


def load_learned(path: Path) -> Learned | None:
    """Read what was learned; None if nothing was.

    Raises:
        ArtifactError: the file cannot be read, or is damaged.
    """
    advice = "run 'digit-agent learn' again, or 'digit-agent learn --undo'"
    try:
        learned = msgspec.json.decode(read_regular_file(path, MAX_BYTES), type=Learned)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror})", advice="check its permissions") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ArtifactError(f"{path} is damaged, or of another version ({error})", advice=advice) from error
    if any({len(row) for row in a.matrix} != {len(a.matrix) - 1} for a in learned.adjustments.values()):
        raise ArtifactError(f"{path} is damaged (a matrix has the wrong shape)", advice=advice)
    return learned


def save_learned(path: Path, learned: Learned) -> None:
    """Write what was learned; the file is complete or the previous one.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        write_atomic(path, msgspec.json.encode(learned))
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror})", advice="free space, or check its permissions"
        ) from error


def usable_adjustments(path: Path) -> Mapping[str, Matrix]:
    """Return the adjustments of a file, as `Learned.by_file`; a damaged file is a warning, and adjusts nothing."""
    try:
        learned = load_learned(path)
    except ArtifactError as error:
        log.warning("what was learned from corrections is not used: %s", error)
        return {}
    return {} if learned is None else learned.by_file()
