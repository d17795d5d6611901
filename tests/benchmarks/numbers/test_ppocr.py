"""PP-OCRv6 beside the agent: how its output is restricted to numbers, and what happens without it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.vision.box import Box
from benchmarks.numbers.ppocr import cut_out, start_ppocr
from benchmarks.numbers.ppocr_child import read_line
from profiles.errors import UsageError

KNOWN = ["blank", "A", "4", "2", "-", " "]
"""Characters of the recogniser of these tests; the classes of each step are shares of these."""


def engine(steps: list[list[float]]) -> SimpleNamespace:
    """A program whose recogniser gives these shares, whatever the picture is."""
    return SimpleNamespace(
        text_rec=SimpleNamespace(
            postprocess_op=SimpleNamespace(character=KNOWN),
            rec_image_shape=[3, 48, 320],
            resize_norm_img=lambda picture, ratio: np.zeros((3, 48, int(48 * ratio)), np.float32),
            session=lambda batch: np.array([steps], np.float32),
        )
    )


@pytest.mark.parametrize(
    ("steps", "answer"),
    [
        ([[1, 0, 0, 0, 0, 0]], []),
        ([[0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0]], [("42", 1.0)]),
        ([[0, 0, 1, 0, 0, 0], [0, 0, 1, 0, 0, 0]], [("4", 1.0)]),  # the same character in two steps
        ([[0, 0, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]], [("44", 1.0)]),
        ([[0, 0.8, 0.1, 0, 0.1, 0], [0.1, 0, 0, 0.9, 0, 0]], [("42", 0.45)]),  # the letter is not allowed
    ],
)
def test_only_allowed_characters_are_read(steps: list[list[float]], answer: list[tuple[str, float]]) -> None:
    picture = np.zeros((20, 60, 3), np.uint8)
    read = read_line(engine(steps), picture, "0123456789-")
    assert [text for text, _ in read] == [text for text, _ in answer]
    assert [share for _, share in read] == pytest.approx([share for _, share in answer])


@pytest.mark.parametrize(("size", "width"), [((20, 60), 320), ((20, 200), 480)])
def test_a_picture_is_as_wide_as_its_line(size: tuple[int, int], width: int) -> None:
    asked: list[NDArray[np.float32]] = []
    one = engine([[1, 0, 0, 0, 0, 0]])
    session = one.text_rec.session

    def record(batch: NDArray[np.float32]) -> object:
        asked.append(batch)
        return session(batch)

    one.text_rec.session = record
    read_line(one, np.zeros((*size, 3), np.uint8), "4")
    assert [batch.shape for batch in asked] == [(1, 3, 48, width)]


def test_a_line_is_cut_out_with_a_margin() -> None:
    image: NDArray[np.uint8] = np.arange(100 * 200 * 3, dtype=np.uint64).reshape(100, 200, 3).astype(np.uint8)
    assert np.array_equal(cut_out(image, Box(20, 30, 50, 40)), image[26:74, 16:74])
    assert np.array_equal(cut_out(image, Box(0, 0, 200, 100)), image)


def test_an_interpreter_without_ppocr_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing cannot be run .*pip install rapidocr"):
        start_ppocr(tmp_path / "missing").__enter__()
    with pytest.raises(UsageError, match="does not run PP-OCRv6"), start_ppocr(Path(sys.executable)):
        pass


def test_without_an_interpreter_there_is_no_comparison() -> None:
    with start_ppocr(None) as ppocr:
        assert ppocr is None
