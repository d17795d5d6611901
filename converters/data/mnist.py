"""MNIST from its four idx files, gzipped or unpacked.

Format: http://yann.lecun.com/exdb/mnist, big-endian: magic (0, 0, 8 = uint8, number of axes), sizes, then the bytes.
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

DEFAULT_FOLDER = Path("data") / "mnist"
FILES: dict[Part, tuple[str, str]] = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""Images and labels of each part."""


def load_mnist(folder: Path, part: Part) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images, uint8 (n, 28, 28), bright ink on 0, and their labels, uint8 (n,), 0..9.

    Raises:
        DatasetError: a file is missing or damaged.
    """
    images, labels = (_read_idx(find(folder, name)) for name in FILES[part])
    if images.shape[1:] != (28, 28) or labels.shape != images.shape[:1] or labels.max(initial=0) > 9:
        raise DatasetError(
            f"the {part} files in {folder} do not belong together (images {images.shape}, labels {labels.shape}); "
            f"{_fetch_again(folder)}"
        )
    return images, labels


def find(folder: Path, name: str) -> Path:
    """The file called `name.gz`, or else the one called `name`.

    Raises:
        DatasetError: there is neither.
    """
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise DatasetError(f"no {name}.gz in {folder}; {_fetch_again(folder)}")


def _read_idx(path: Path) -> NDArray[np.uint8]:
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        zeros, kind, axes = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{axes}I", content, 4)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error}); {_fetch_again(path.parent)}") from error
    except (EOFError, zlib.error, struct.error) as error:
        raise DatasetError(f"{path} is cut off or damaged ({error}); {_fetch_again(path.parent)}") from error
    start = 4 + 4 * axes
    if (zeros, kind) != (0, 8) or len(content) != start + math.prod(shape):
        raise DatasetError(f"{path} is no idx file of bytes, or is cut off; {_fetch_again(path.parent)}")
    # A copy, because torch warns of arrays that cannot be written.
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()


def _fetch_again(folder: Path) -> str:
    return f"run 'digit-convert data fetch --data {folder}'"
