"""How fields are judged."""

from __future__ import annotations

import pytest

from benchmarks.fields import edits


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
def test_edits_are_the_least_that_lead_from_one_text_to_the_other(read: str, written: str, count: int) -> None:
    assert edits(read, written) == edits(written, read) == count
