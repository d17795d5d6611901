"""Isolated digits of other data sets."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.vision.glyph import SIZE_PX
from converters.data.isolated import BLOCK_SIZE, cut_digit, load_isolated, load_training_half
from converters.export.golden import golden_inputs
from profiles.errors import DatasetError

DIGITS = golden_inputs("classifier")[:10]
PAPER = 230
PICTURES = np.asarray(PAPER - (DIGITS * 0.8).astype(np.uint8), np.uint8)
"""Pictures with dark ink on bright paper."""


def write(file: Path, count: int) -> None:
    labels = np.arange(count) % 10
    np.savez(file, images=PICTURES[labels], labels=labels.astype(np.uint8))


def test_a_glyph_is_cut_as_from_a_page() -> None:
    for picture, digit in zip(PICTURES, DIGITS, strict=True):
        correlation = np.corrcoef(cut_digit(picture).ravel(), digit.ravel())[0, 1]
        assert correlation > 0.85


def test_blank_paper_gives_an_empty_glyph() -> None:
    assert not cut_digit(np.full((SIZE_PX, SIZE_PX), PAPER, np.uint8)).any()


@pytest.mark.slow
def test_every_other_block_is_held_out(tmp_path: Path) -> None:
    write(tmp_path / "a.npz", 2 * BLOCK_SIZE + 10)
    write(tmp_path / "b.npz", 10)
    training, held_out = load_isolated(tmp_path / "a.npz")
    assert (len(training), len(held_out)) == (BLOCK_SIZE + 10, BLOCK_SIZE)
    assert held_out.labels.tolist() == [n % 10 for n in range(BLOCK_SIZE, 2 * BLOCK_SIZE)]
    assert len(load_training_half(tmp_path)) == BLOCK_SIZE + 20


def test_a_folder_without_files_gives_no_digits(tmp_path: Path) -> None:
    assert len(load_training_half(tmp_path)) == 0


def missing(file: Path) -> None:
    """Write no file."""


def text(file: Path) -> None:
    file.write_text("a text")


def other_keys(file: Path) -> None:
    np.savez(file, pixels=PICTURES)


def in_colour(file: Path) -> None:
    np.savez(file, images=cv2.merge([PICTURES[0]] * 3)[None], labels=np.zeros(1, np.uint8))


def too_few_labels(file: Path) -> None:
    np.savez(file, images=PICTURES, labels=np.zeros(3, np.uint8))


def empty(file: Path) -> None:
    file.write_bytes(b"")


def one_array(file: Path) -> None:
    with file.open("wb") as opened:
        np.save(opened, PICTURES)


def one_hot(file: Path) -> None:
    np.savez(file, images=PICTURES, labels=np.eye(10, dtype=np.uint8))


def as_floats(file: Path) -> None:
    np.savez(file, images=(PICTURES / 255).astype(np.float32), labels=np.arange(10))


def labels_up_to_ten(file: Path) -> None:
    np.savez(file, images=PICTURES, labels=np.arange(1, 11))


@pytest.mark.parametrize(
    "write_it",
    [missing, text, other_keys, in_colour, too_few_labels, empty, one_array, one_hot, as_floats, labels_up_to_ten],
)
def test_a_file_of_another_format_is_refused(write_it: object, tmp_path: Path) -> None:
    assert callable(write_it)
    write_it(tmp_path / "digits.npz")
    with pytest.raises(DatasetError, match=r"digits\.npz holds no images and labels"):
        load_isolated(tmp_path / "digits.npz")
