"""Load MNIST from its four idx files, gzipped or unpacked.

Format (http://yann.lecun.com/exdb/mnist): big-endian; magic number (0, 0, 8 for uint8, number of axes), size of each
axis, values.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from profiles.errors import DatasetError

Part = Literal["train", "test"]

FILES: dict[Part, tuple[str, str]] = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""Names of the image file and the label file of each part."""


def load_mnist(folder: Path, part: Part) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the images, uint8 (n, 28, 28), bright ink on 0, and their labels, uint8 (n,), 0..9.

    Args:
        folder: folder with the idx files.
        part: "train" or "test".

    Raises:
        DatasetError: a file is missing or damaged.
    """
    images, labels = (_read_idx(find_file(folder, name)) for name in FILES[part])
    if images.shape[1:] != (28, 28) or labels.shape != images.shape[:1] or labels.max(initial=0) > 9:
        raise DatasetError(
            f"the {part} files in {folder} do not belong together (images {images.shape}, labels {labels.shape})",
            advice=_fetch_again(folder),
        )
    return images, labels


def find_file(folder: Path, name: str) -> Path:
    """Return the path of `name.gz` or, if it does not exist, of `name`.

    Raises:
        DatasetError: neither file exists.
    """
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise DatasetError(f"no {name}.gz in {folder}", advice=_fetch_again(folder))


def _read_idx(path: Path) -> NDArray[np.uint8]:
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        zeros, kind, axes = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{axes}I", content, 4)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error})", advice=_fetch_again(path.parent)) from error
    except (EOFError, zlib.error, struct.error) as error:
        raise DatasetError(f"{path} is truncated or damaged ({error})", advice=_fetch_again(path.parent)) from error
    start = 4 + 4 * axes
    if (zeros, kind) != (0, 8) or len(content) != start + math.prod(shape):
        raise DatasetError(f"{path} is not an idx file of uint8, or is truncated", advice=_fetch_again(path.parent))
    # Copied because torch warns about read-only arrays.
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()


def _fetch_again(folder: Path) -> str:
    return f"run 'digit-convert data fetch --data {folder}'"
