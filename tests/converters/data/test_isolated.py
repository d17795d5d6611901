"""Digits that others have cut out, one a picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.vision.glyph import SIZE_PX
from converters.data.isolated import BLOCK, cut, learnable, load_isolated
from converters.export.golden import golden_inputs
from profiles.errors import DatasetError

DIGITS = golden_inputs("classifier")[:10]
PAPER = 230
PICTURES = np.asarray(PAPER - (DIGITS * 0.8).astype(np.uint8), np.uint8)
"""Dark ink on pale paper."""


def write(file: Path, count: int) -> None:
    labels = np.arange(count) % 10
    np.savez(file, images=PICTURES[labels], labels=labels.astype(np.uint8))


def test_a_glyph_is_cut_as_from_a_page() -> None:
    for picture, digit in zip(PICTURES, DIGITS, strict=True):
        same = np.corrcoef(cut(picture).ravel(), digit.ravel())[0, 1]
        assert same > 0.85


def test_blank_paper_gives_an_empty_glyph() -> None:
    assert not cut(np.full((SIZE_PX, SIZE_PX), PAPER, np.uint8)).any()


def test_every_other_block_is_kept_to_judge_with(tmp_path: Path) -> None:
    write(tmp_path / "a.npz", 2 * BLOCK + 10)
    write(tmp_path / "b.npz", 10)
    learnt, kept = load_isolated(tmp_path / "a.npz")
    assert (len(learnt), len(kept)) == (BLOCK + 10, BLOCK)
    assert kept.labels.tolist() == [n % 10 for n in range(BLOCK, 2 * BLOCK)]
    assert len(learnable(tmp_path)) == BLOCK + 20


def test_a_folder_without_them_gives_none(tmp_path: Path) -> None:
    assert len(learnable(tmp_path)) == 0


def missing(file: Path) -> None:
    """No file at all."""


def text(file: Path) -> None:
    file.write_text("a text")


def other(file: Path) -> None:
    np.savez(file, pixels=PICTURES)


def coloured(file: Path) -> None:
    np.savez(file, images=cv2.merge([PICTURES[0]] * 3)[None], labels=np.zeros(1, np.uint8))


def shorter(file: Path) -> None:
    np.savez(file, images=PICTURES, labels=np.zeros(3, np.uint8))


def empty(file: Path) -> None:
    file.write_bytes(b"")


def one_array(file: Path) -> None:
    with file.open("wb") as opened:
        np.save(opened, PICTURES)


def one_hot(file: Path) -> None:
    np.savez(file, images=PICTURES, labels=np.eye(10, dtype=np.uint8))


def in_shares(file: Path) -> None:
    np.savez(file, images=(PICTURES / 255).astype(np.float32), labels=np.arange(10))


def of_eleven(file: Path) -> None:
    np.savez(file, images=PICTURES, labels=np.arange(1, 11))


@pytest.mark.parametrize(
    "write_it", [missing, text, other, coloured, shorter, empty, one_array, one_hot, in_shares, of_eleven]
)
def test_a_file_of_something_else_is_refused(write_it: object, tmp_path: Path) -> None:
    assert callable(write_it)
    write_it(tmp_path / "digits.npz")
    with pytest.raises(DatasetError, match=r"digits\.npz holds no images and labels"):
        load_isolated(tmp_path / "digits.npz")
