"""A folder of pages and figures that anyone can open."""

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

from agent.explain.figures import MOST_CELLS, draw_candidates, draw_glyphs, draw_mask
from agent.explain.outcomes import find_outcomes
from agent.explain.report import ExplainReport
from agent.vision.digits import CLASSES, NOT_A_DIGIT
from agent.vision.pipeline import QUICK, Trace, trace_page
from profiles.errors import OutputError

if TYPE_CHECKING:
    from tests.agent.conftest import Note

VOID = {"meta", "img", "image"}


class Wide:
    """A net to which all that is wide is a 7, and the rest nothing."""

    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        wide = (glyphs.max(axis=1) > 0).sum(axis=1) > 12
        return np.eye(CLASSES, dtype=np.float32)[np.where(wide, 7, NOT_A_DIGIT)] * 9


@dataclass(frozen=True)
class Alone:
    classifier: Wide
    verifier: None = None


@pytest.fixture(scope="module")
def looked(note: Note) -> Trace:
    return trace_page(note.image, Alone(Wide()), QUICK)


class Opened(HTMLParser):
    """A page as a browser reads it; whatever is left open, or closed twice, fails."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.links, self.tags, self.text = path, list[str](), list[str](), ""
        self._open: list[str] = []
        self.feed(path.read_text("utf-8"))
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def targets(self) -> Iterator[Path]:
        return (self.path.parent / unquote(link) for link in self.links)


def test_a_picture_has_a_page_that_shows_all_its_figures(tmp_path: Path, note: Note, looked: Trace) -> None:
    album = ExplainReport(tmp_path / "new" / "out")
    album.add(Path("note.png"), note.image, looked)
    page = Opened(album.index.parent / "note" / "index.html")
    figures = set(page.path.parent.glob("*.png"))
    assert figures == set(page.targets())
    assert {"readings.png", "places.png", "glyphs.png", "ink-1.png", "mask-1.png"} <= {path.name for path in figures}
    assert all(cv2.imread(str(path)) is not None for path in figures)
    assert ", ".join(reading.text for reading in looked.page.readings) in page.text
    assert "the classifier takes it for no digit" in page.text
    assert "script" not in page.tags
    assert "http" not in page.path.read_text("utf-8")


def test_pictures_of_one_name_have_a_folder_each(tmp_path: Path, note: Note, looked: Trace) -> None:
    album = ExplainReport(tmp_path)
    for name in ("a/note.png", "b/note.png", "NOTE.jpg", "note-2.png", "...", "x" * 250 + ".png"):
        album.add(Path(name), note.image, looked)
    pages = [path for path in Opened(album.index).targets() if path.name == "index.html"]
    assert len({path.parent.name.casefold() for path in pages}) == 6
    assert all(Opened(path).links for path in pages)


def test_a_name_is_text_and_nothing_else(tmp_path: Path, note: Note, looked: Trace) -> None:
    name = "<b>\"&amp; \udcff'%41#?.png"
    album = ExplainReport(tmp_path)
    album.add(Path(name), note.image, looked)
    index = Opened(album.index)
    assert all(path.is_file() for path in index.targets())
    assert name.replace("\udcff", "\ufffd") in index.text
    assert "b" not in index.tags


def test_explaining_again_takes_the_place_of_the_last_time(tmp_path: Path, note: Note, looked: Trace) -> None:
    for _ in range(2):
        ExplainReport(tmp_path).add(Path("note.png"), note.image, looked)
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "note"}


def test_a_page_that_is_not_ours_stays(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text("<h1>My own</h1>")
    with pytest.raises(OutputError, match=r"index\.html is there already and is not ours; name an empty folder"):
        ExplainReport(tmp_path)
    assert page.read_text() == "<h1>My own</h1>"


def test_where_nothing_can_be_written_is_told(tmp_path: Path, note: Note, looked: Trace) -> None:
    (tmp_path / "note").write_text("a file")
    with pytest.raises(OutputError, match=r"out cannot be written \(Not a directory\); choose another folder"):
        ExplainReport(tmp_path / "note" / "out")
    with pytest.raises(OutputError, match=r"note cannot be written \(File exists\); choose another folder"):
        ExplainReport(tmp_path).add(Path("note.png"), note.image, looked)


def test_a_sheet_says_what_it_leaves_out(looked: Trace) -> None:
    told = [one for mask in find_outcomes(looked) for one in mask]
    many = draw_glyphs(told * (1 + MOST_CELLS // len(told)))
    assert len(many.spots) == MOST_CELLS
    assert f"The largest {MOST_CELLS} of " in many.caption
    assert "of" not in draw_glyphs(told[:3]).caption.split()[5:]


def test_a_turned_picture_is_shown_as_it_was_worked_on(note: Note) -> None:
    h, w = note.image.shape[:2]
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), 9, 1)
    image = np.asarray(cv2.warpAffine(note.image, turn, (w, h), borderValue=(225, 225, 225)), np.uint8)
    looked = trace_page(image, Alone(Wide()))
    (seen, *_), (told, *_) = looked.seen, find_outcomes(looked)
    assert seen.ink.turned_back is not None
    for figure in (draw_mask(seen), draw_candidates(seen, told)):
        high, wide = figure.pixels.shape[:2]
        assert wide >= seen.ink.strength.shape[1]
        assert all(box.right <= wide + 1 and box.bottom <= high + 1 for box, _ in figure.spots)


def test_reading_imports_none_of_it() -> None:
    code = "import sys, agent.reader, agent.cli.read; print([m for m in sys.modules if m.startswith('agent.explain')])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
