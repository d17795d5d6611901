"""Bounds, tables between their marks, and the end of a benchmark: an exit code, and one line instead of a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.report import MEASURED, Bound, replace_table, run_benchmark
from profiles.errors import DatasetError

DOCUMENT = "before\n<!-- costs -->\n\nold\n\n<!-- end of costs -->\nafter\n"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "README.md"
    path.write_text(DOCUMENT)
    return path


def test_a_table_replaces_the_previous_one(document: Path) -> None:
    replace_table("costs", ["| a |", "|---|"], document)
    assert document.read_text() == DOCUMENT.replace("old", "| a |\n|---|")


def test_an_equal_table_changes_nothing(document: Path) -> None:
    replace_table("costs", ["old"], document)
    assert document.read_text() == DOCUMENT


@pytest.mark.parametrize("lost", ["<!-- costs -->\n", "<!-- end of costs -->\n"])
def test_nothing_is_written_without_both_marks(document: Path, lost: str) -> None:
    document.write_text(DOCUMENT.replace(lost, ""))
    with pytest.raises(ValueError, match=r"has no marks around 'costs'"):
        replace_table("costs", ["new"], document)
    assert document.read_text() == DOCUMENT.replace(lost, "")


@pytest.mark.parametrize(
    ("name", "document"),
    [(name, MEASURED) for name in ("files", "recipes", "boards", "instructions")],
)
def test_the_documents_have_marks_for_each_table(tmp_path: Path, name: str, document: Path) -> None:
    copy = tmp_path / document.name
    copy.write_text(document.read_text())
    replace_table(name, ["| a |"], copy)
    assert f"<!-- {name} -->\n\n| a |\n\n<!-- end of {name} -->" in copy.read_text()


@pytest.mark.parametrize(
    ("bound", "kept"),
    [
        (Bound("times", 5.0, at_least=5), True),
        (Bound("times", 4.9, at_least=5), False),
        (Bound("s", 1.0, at_most=1), True),
        (Bound("s", 1.1, at_most=1), False),
    ],
)
def test_a_bound_is_kept_up_to_its_limit(bound: Bound, kept: bool) -> None:
    assert bound.kept is kept
    assert ("kept" if kept else "missed") in str(bound)


@pytest.mark.parametrize(("returned", "exit_code"), [(None, 0), (0, 0), (1, 1)])
def test_a_benchmark_exits_with_the_code_it_returns(
    monkeypatch: pytest.MonkeyPatch, returned: int | None, exit_code: int
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmark"])
    with pytest.raises(SystemExit) as ending:
        run_benchmark(lambda: returned, "benchmark")
    assert ending.value.code == exit_code


def test_an_error_of_the_user_is_one_line(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def read_file(file: Path) -> None:
        raise DatasetError(f"{file} has no images", advice="use another file")

    monkeypatch.setattr("sys.argv", ["benchmark", "x.npz"])
    with pytest.raises(SystemExit) as ending:
        run_benchmark(read_file, "benchmark")
    assert ending.value.code == 1
    assert capfd.readouterr().err == "benchmark: x.npz has no images; use another file\n"
