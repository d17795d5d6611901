"""The folder of `--explain`: pages and figures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.explain.figures import MAX_CELLS, draw_candidates, draw_glyphs, draw_mask
from agent.explain.outcomes import find_outcomes
from agent.explain.report import ExplainReport
from agent.vision.digits import CLASSES, NOT_A_DIGIT
from agent.vision.pipeline import QUICK, Trace, trace_page
from profiles.errors import OutputError

if TYPE_CHECKING:
    from tests.agent.conftest import Note

VOID = {"meta", "img", "image"}


class WideIsSeven:
    """A net that reads wide glyphs as 7, and nothing else as a digit."""

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        wide = (glyphs.max(axis=1) > 0).sum(axis=1) > 12
        return np.eye(CLASSES, dtype=np.float32)[np.where(wide, 7, NOT_A_DIGIT)] * 9


@dataclass(frozen=True)
class ClassifierOnly:
    classifier: WideIsSeven
    verifier: None = None
    recogniser: None = None


@pytest.fixture(scope="module")
def trace(note: Note) -> Trace:
    return trace_page(note.image, ClassifierOnly(WideIsSeven()), QUICK)


class ParsedPage(HTMLParser):
    """A parsed page; an element that is not closed, or closed twice, fails."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.links, self.tags, self.text = path, list[str](), list[str](), ""
        self._open_tags: list[str] = []
        self.feed(path.read_text("utf-8"))
        assert not self._open_tags

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag not in VOID:
            self._open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open_tags.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def targets(self) -> Iterator[Path]:
        return (self.path.parent / unquote(link) for link in self.links)


def test_a_picture_has_a_page_that_shows_all_its_figures(tmp_path: Path, note: Note, trace: Trace) -> None:
    report = ExplainReport(tmp_path / "new" / "out")
    report.add(Path("note.png"), note.image, trace)
    page = ParsedPage(report.index.parent / "note" / "index.html")
    figures = set(page.path.parent.glob("*.png"))
    assert figures == set(page.targets())
    assert {"readings.png", "places.png", "glyphs.png", "ink-1.png", "mask-1.png"} <= {path.name for path in figures}
    assert all(cv2.imread(str(path)) is not None for path in figures)
    assert ", ".join(reading.text for reading in trace.page.readings) in page.text
    assert "the classifier says that it is not a digit" in page.text
    assert "script" not in page.tags
    assert "http" not in page.path.read_text("utf-8")


@pytest.mark.slow
def test_pictures_with_the_same_name_have_their_own_folders(tmp_path: Path, note: Note, trace: Trace) -> None:
    report = ExplainReport(tmp_path)
    for name in ("a/note.png", "b/note.png", "NOTE.jpg", "note-2.png", "...", "x" * 250 + ".png"):
        report.add(Path(name), note.image, trace)
    pages = [path for path in ParsedPage(report.index).targets() if path.name == "index.html"]
    assert len({path.parent.name.casefold() for path in pages}) == 6
    assert all(ParsedPage(path).links for path in pages)


def test_a_file_name_is_escaped(tmp_path: Path, note: Note, trace: Trace) -> None:
    name = "<b>\"&amp; \udcff'%41#?\u202e\x1b[2J.png"
    report = ExplainReport(tmp_path)
    report.add(Path(name), note.image, trace)
    index = ParsedPage(report.index)
    assert all(path.is_file() for path in index.targets())
    assert name.replace("\udcff", "\ufffd").replace("\u202e\x1b", r"\u202e\x1b") in index.text
    assert "b" not in index.tags


@pytest.mark.slow
def test_explaining_again_replaces_the_previous_explanation(tmp_path: Path, note: Note, trace: Trace) -> None:
    for _ in range(2):
        ExplainReport(tmp_path).add(Path("note.png"), note.image, trace)
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "note"}


def test_a_page_of_another_program_is_kept(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text("<h1>My own</h1>")
    with pytest.raises(
        OutputError, match=r"index\.html exists and was not written by digit-agent; name an empty folder"
    ):
        ExplainReport(tmp_path)
    assert page.read_text() == "<h1>My own</h1>"


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path, note: Note, trace: Trace) -> None:
    (tmp_path / "note").write_text("a file")
    with pytest.raises(OutputError, match=r"out cannot be written \(Not a directory\); choose another folder"):
        ExplainReport(tmp_path / "note" / "out")
    with pytest.raises(OutputError, match=r"note cannot be written \(File exists\); choose another folder"):
        ExplainReport(tmp_path).add(Path("note.png"), note.image, trace)


def test_the_caption_of_glyphs_counts_what_is_omitted(trace: Trace) -> None:
    outcomes = [one for mask in find_outcomes(trace) for one in mask]
    many = draw_glyphs(outcomes * (1 + MAX_CELLS // len(outcomes)))
    assert len(many.spots) == MAX_CELLS
    assert f"The largest {MAX_CELLS} of " in many.caption
    assert "largest 3 of" not in draw_glyphs(outcomes[:3]).caption


def test_a_rotated_picture_is_shown_as_it_was_processed(note: Note) -> None:
    h, w = note.image.shape[:2]
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), 9, 1)
    image = np.asarray(cv2.warpAffine(note.image, turn, (w, h), borderValue=(225, 225, 225)), np.uint8)
    trace = trace_page(image, ClassifierOnly(WideIsSeven()))
    (mask, *_), (outcomes, *_) = trace.masks, find_outcomes(trace)
    assert mask.ink.deskew_inverse is not None
    for figure in (draw_mask(mask), draw_candidates(mask, outcomes)):
        high, wide = figure.pixels.shape[:2]
        assert wide >= mask.ink.strength.shape[1]
        assert all(box.right <= wide + 1 and box.bottom <= high + 1 for box, _ in figure.spots)


@pytest.mark.slow
def test_reading_does_not_import_explain() -> None:
    code = "import sys, agent.reader, agent.cli.read; print([m for m in sys.modules if m.startswith('agent.explain')])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
