"""A table is put where its marks are, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.documents import MEASURED, README, put

DOCUMENT = "before\n<!-- costs -->\n\nold\n\n<!-- end of costs -->\nafter\n"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "README.md"
    path.write_text(DOCUMENT)
    return path


def test_a_table_takes_the_place_of_the_one_before(document: Path) -> None:
    put("costs", ["| a |", "|---|"], document)
    assert document.read_text() == DOCUMENT.replace("old", "| a |\n|---|")


def test_the_same_table_changes_nothing(document: Path) -> None:
    put("costs", ["old"], document)
    assert document.read_text() == DOCUMENT


@pytest.mark.parametrize("lost", ["<!-- costs -->\n", "<!-- end of costs -->\n"])
def test_without_its_marks_nothing_is_written(document: Path, lost: str) -> None:
    document.write_text(DOCUMENT.replace(lost, ""))
    with pytest.raises(ValueError, match=r"has no marks around 'costs'"):
        put("costs", ["new"], document)
    assert document.read_text() == DOCUMENT.replace(lost, "")


@pytest.mark.parametrize(
    ("name", "document"),
    [("tiers", README), *((name, MEASURED) for name in ("files", "recipes", "boards", "instructions"))],
)
def test_there_is_a_place_for_each_table(tmp_path: Path, name: str, document: Path) -> None:
    copy = tmp_path / document.name
    copy.write_text(document.read_text())
    put(name, ["| a |"], copy)
    assert f"<!-- {name} -->\n\n| a |\n\n<!-- end of {name} -->" in copy.read_text()
