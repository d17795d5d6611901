"""Scores of form fields."""

from __future__ import annotations

import pytest

from benchmarks.fields import edit_distance


@pytest.mark.parametrize(
    ("read", "written", "count"),
    [
        ("1024", "1024", 0),
        ("", "1024", 4),
        ("1024", "", 4),
        ("124", "1024", 1),
        ("11024", "1024", 1),
        ("1034", "1024", 1),
        ("0241", "1024", 2),
    ],
)
def test_the_edit_distance_counts_the_fewest_changes(read: str, written: str, count: int) -> None:
    assert edit_distance(read, written) == edit_distance(written, read) == count
