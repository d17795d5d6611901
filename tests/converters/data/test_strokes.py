from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converters.data.strokes import PenItem, is_held_out, is_piece, load_pen_items
from profiles.errors import DatasetError


def test_items_have_their_labels_writers_and_strokes(handwriting: Path) -> None:
    items = load_pen_items(handwriting / "unipen/number_strings.npz", "unipen")
    assert [item.label for item in items[:4]] == ["42", "1907", "3#4", "42"]
    assert [item.writer for item in items[2:4]] == ["unipen-0", "unipen-1"]
    assert [len(item.strokes) for item in items[:3]] == [2, 4, 3]
    first = items[0].strokes[0]
    assert first.dtype == np.float32
    assert first.shape == (3 + ord("4") % 7, 2)
    assert first[:2].tolist() == [[0, 1000], [pytest.approx(500 / (len(first) - 1), abs=1), 0]]
    assert items[0].strokes[1][:, 0].min() == 700


@pytest.mark.parametrize(
    ("label", "strokes", "piece"),
    [
        ("0", ["60 0 0 100"], True),  # the slash of a zero
        ("1", ["0 0 60 4"], True),  # the flag of a one
        ("4", ["20 0 20 100"], True),  # the stem of a four
        ("4", ["20 0 0 100 60 96"], True),  # its corner
        ("4", ["40 0 0 60 60 60", "40 30 40 100"], False),
        ("4", ["0 0 0 50 50 50 50 0 50 100"], False),
        ("1", ["10 0 0 100"], False),
        ("7", ["0 0 60 0 20 100"], False),
        ("0", ["30 0 0 50 30 100 60 50 30 0"], False),
        ("-", ["0 0 60 0"], False),
        ("14", ["0 0 100 100"], False),
    ],
)
def test_an_item_may_be_only_a_piece_of_its_digit(label: str, strokes: list[str], piece: bool) -> None:
    points = tuple(np.array(stroke.split(), np.float32).reshape(-1, 2) * 10 for stroke in strokes)
    assert is_piece(PenItem(label, "unipen-1", points)) == piece


def test_a_fifth_of_the_writers_is_held_out() -> None:
    held_out = [is_held_out(f"unipen-{number}") for number in range(1000)]
    assert 0.15 < np.mean(held_out) < 0.25
    assert held_out == [is_held_out(f"unipen-{number}") for number in range(1000)]


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04damaged"])
def test_a_damaged_file_is_reported(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "digits.npz").write_bytes(content)
    with pytest.raises(DatasetError, match=r"digits\.npz cannot be read"):
        load_pen_items(tmp_path / "digits.npz", "unipen")
