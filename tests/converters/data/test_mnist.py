from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from converters.data.mnist import FILES, Part, load_mnist
from profiles.errors import DatasetError

if TYPE_CHECKING:
    from tests.converters.conftest import WriteMnist

IMAGES = np.arange(3 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(3, 28, 28)
LABELS = np.array([7, 0, 9], np.uint8)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize("part", ["train", "test"])
def test_reads_both_parts(tmp_path: Path, write_mnist: WriteMnist, part: Part) -> None:
    write_mnist(tmp_path, part, IMAGES, LABELS)
    images, labels = load_mnist(tmp_path, part)
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)
    assert images.flags.writeable


def test_reads_unpacked_files(tmp_path: Path) -> None:
    for name, array in zip(FILES["test"], (IMAGES, LABELS), strict=True):
        (tmp_path / name).write_bytes(idx(array))
    np.testing.assert_array_equal(load_mnist(tmp_path, "test")[0], IMAGES)


def test_the_error_names_the_missing_file_and_the_command_to_fetch_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no t10k-images-idx3-ubyte\.gz in .*; run 'digit-convert data fetch"):
        load_mnist(tmp_path, "test")


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"not gzip",
        gzip.compress(idx(IMAGES))[:-20],
        gzip.compress(idx(IMAGES)[:-1]),
        gzip.compress(b"\0\0\x0d\3" + idx(IMAGES)[4:]),
        gzip.compress(b"\0\0"),
    ],
    ids=["empty", "no gzip", "truncated gzip", "one byte short", "floats", "no header"],
)
def test_refuses_a_damaged_file(tmp_path: Path, write_mnist: WriteMnist, damaged: bytes) -> None:
    write_mnist(tmp_path, "test", IMAGES, LABELS)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(damaged)
    with pytest.raises(DatasetError, match="t10k-images-idx3-ubyte"):
        load_mnist(tmp_path, "test")


def test_refuses_files_with_different_numbers_of_images_and_labels(tmp_path: Path, write_mnist: WriteMnist) -> None:
    write_mnist(tmp_path, "test", IMAGES, LABELS[:2])
    with pytest.raises(DatasetError, match="do not belong together"):
        load_mnist(tmp_path, "test")


@pytest.mark.skipif("DIGIT_DATA_DIR" not in os.environ, reason="DIGIT_DATA_DIR is not set")
def test_reads_the_real_test_images() -> None:
    images, labels = load_mnist(Path(os.environ["DIGIT_DATA_DIR"]), "test")
    assert images.shape == (10_000, 28, 28)
    assert labels[:4].tolist() == [7, 2, 1, 0]
