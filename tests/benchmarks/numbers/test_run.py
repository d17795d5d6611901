"""The benchmark from end to end, on a few pictures."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import cv2
import pytest

from benchmarks.note_images import draw_frame
from benchmarks.numbers.__main__ import main
from benchmarks.numbers.run import limit_sources, open_sources
from profiles.errors import DatasetError, UsageError

pytestmark = pytest.mark.slow


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A folder with two pictures of the same note; the truth of the second has a digit that is not there."""
    note = draw_frame()
    lines = [note.digits[start : start + 5] for start in range(0, len(note.digits), 5)]
    truth = {"right.png": {"kind": "note", "lines": lines}, "wrong.png": {"kind": "note", "lines": [*lines, "7"]}}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    for name in truth:
        cv2.imwrite(str(tmp_path / name), note.image)
    return tmp_path


def test_a_picture_is_right_only_if_all_of_its_digits_are(notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plot = notes / "plot.svg"
    main([notes], plot=plot)
    row = next(line for line in capsys.readouterr().out.splitlines() if "note" in line)
    assert row.split()[-12:][:4] == ["2", "50.0%", "2.4%", "50.0%"], "1 of 41 digits is missed"
    assert ET.parse(plot).getroot().tag.endswith("svg")


def test_the_figures_are_printed_as_json(handwriting: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(handwriting=handwriting, limit=2, as_json=True)
    figures = json.loads(capsys.readouterr().out)
    assert "classifier" in figures["artifacts"]
    assert figures["strings"]["writers: single digits"]["strings"] == 2
    assert figures["strings"]["all strings"]["strings"] == 8
    assert figures["false_digits"]["letters in cells"]["things"] == 12
    assert sum(row["strings"] for row in figures["reliability"]) == 8
    assert figures["compared"] == {}


def test_sources_are_limited(handwriting: Path) -> None:
    for source in limit_sources(open_sources([], handwriting, None), 2):
        assert len(list(source.cases)) == source.count == 2


def test_wrong_arguments_are_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is nothing to read"):
        main()
    with pytest.raises(DatasetError, match=r"truth\.json cannot be read"):
        main([tmp_path])
    with pytest.raises(UsageError, match="no depth 'deep'"):
        main([tmp_path], depth="deep")
