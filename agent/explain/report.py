"""Write a folder that explains pictures: one folder with figures and a page per picture, and an index page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath

import cv2

from agent.capture.file_name import printable
from agent.explain.figures import (
    Figure,
    SheetArea,
    draw_areas,
    draw_candidates,
    draw_glyphs,
    draw_ink,
    draw_mask,
    draw_outcomes,
    draw_page,
)
from agent.explain.markup import GENERATOR, Html, document, element, figure, folded, image, link, swatch, table
from agent.explain.outcomes import OUTCOMES, CandidateOutcome, OutcomeKind, best_of_each_place, find_outcomes
from agent.explain.recognised import draw_line, explain_weights, list_proposals
from agent.vision.page import Page
from agent.vision.pipeline import Trace
from agent.vision.pixels import Pixels
from agent.vision.turn import Turn
from profiles.errors import OutputError
from profiles.foreign_text import show

MAX_LISTED = 60
"""Maximum number of places in the list of places that were not read; later ones are usually print or texture."""
MAX_LINES = 40
"""Maximum number of lines that are explained."""
MAX_NAME_LENGTH = 60
"""Maximum length of a folder's name, in characters, without its number."""
PNG_LEVEL = 6
"""Compression level of PNG files: the default of zlib. With OpenCV's default, the files are twice as large."""
INDEX = "index.html"


class ExplainReport:
    """Writes explanations of pictures into a folder. The folder is created if it does not exist.

    Args:
        folder: the folder. Its other files are kept; an older explanation of a picture of the same name is replaced.

    Raises:
        OutputError: the folder cannot be written, or has an index.html of another program.
    """

    def __init__(self, folder: Path) -> None:
        self.index = folder / INDEX
        self._folder = folder
        self._names: set[str] = set()
        self._rows: list[tuple[str, ...]] = []
        self._write_page(self.index, "Pictures explained", [])

    def add(self, source: Path, picture: Pixels, trace: Trace) -> None:
        """Write the explanation of a picture, and update the index page.

        Args:
            source: file of the picture.
            picture: BGR uint8 (H, W, 3).
            trace: result of reading the picture.

        Raises:
            OutputError: a file cannot be written.
        """
        title, folder = self._new_folder(source)
        self._write_page(folder / INDEX, title, _parts(folder, picture, trace))
        self._add_row(folder.name, "readings", title, str(len(trace.page.digits)), _numbers(trace.page))

    def explaining(self, trace: Callable[[Pixels], Trace], source: Path) -> Callable[[Pixels], Page]:
        """Return a function that reads a picture and adds it; `trace` and `source` as in `add`.

        Its argument is BGR uint8 (H, W, 3); it raises what `trace` and `add` raise.
        """

        def read(picture: Pixels) -> Page:
            traced = trace(picture)
            self.add(source, picture, traced)
            return traced.page

        return read

    def add_sheet(self, source: Path, picture: Pixels, areas: Sequence[SheetArea], text: str) -> None:
        """Write a page that shows the fields or cells that were found on a sheet, and update the index page.

        Args:
            source: file of the picture.
            picture: BGR uint8 (H, W, 3).
            areas: the fields or cells.
            text: what was read.

        Raises:
            OutputError: a file cannot be written.
        """
        title, folder = self._new_folder(source)
        parts = [_show(folder, "sheet", draw_areas(picture, areas)), element("pre", text)]
        self._write_page(folder / INDEX, title, parts)
        self._add_row(folder.name, "sheet", title, "", text.replace("\n", " "))

    def _add_row(self, name: str, figure_name: str, title: str, count: str, numbers: str) -> None:
        """Add a row to the index page: a small picture, a link, the number of digits, and what was read."""
        thumbnail = link(f"{name}/{INDEX}", image(f"{name}/{figure_name}.png", title))
        self._rows.append((thumbnail, link(f"{name}/{INDEX}", title), count, numbers))
        self._write_page(self.index, "Pictures explained", [table(("", "picture", "digits", "numbers"), self._rows)])

    def _new_folder(self, source: Path) -> tuple[str, Path]:
        """Return the title of a picture's page, and a folder for it."""
        folder = self._folder / self._free_name(source)
        with _writing(folder):
            folder.mkdir(exist_ok=True)
        return show(printable(source)), folder

    def _free_name(self, source: PurePath) -> str:
        """Return a new folder name that is safe in paths and URLs, and unique even if the file system ignores case."""
        stem = re.sub(r"[^\w-]+", "_", printable(source.stem))[:MAX_NAME_LENGTH].strip("_") or "picture"
        name, number = stem, 1
        while name.casefold() in self._names:
            number += 1
            name = f"{stem}-{number}"
        self._names.add(name.casefold())
        return name

    @staticmethod
    def _write_page(path: Path, title: str, parts: Sequence[Html] | Iterator[Html]) -> None:
        with _writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and GENERATOR not in path.read_text("utf-8", errors="replace"):
                raise OutputError(f"{path} exists and was not written by digit-agent", advice="name an empty folder")
            path.write_text(document(title, parts), "utf-8")


def _parts(folder: Path, picture: Pixels, trace: Trace) -> Iterator[Html]:
    """Yield the parts of a picture's page, and write its figures."""
    outcomes = find_outcomes(trace)
    places = best_of_each_place(outcomes)
    unread = [one for one in places if one.kind is not OutcomeKind.READ]
    numbers = {one: number for number, one in enumerate(unread[:MAX_LISTED], 1)}
    yield element("p", _numbers(trace.page) or "no digit", class_="read")
    yield _show(folder, "readings", draw_page(picture, trace.page))
    yield element("h2", "The outcome at each place")
    if trace.upright is not None:
        angle_deg = trace.page.angle_deg
        picture = Turn(angle_deg, trace.page.width, trace.page.height).turn_upright(picture)
        yield element("p", f"The page is turned clockwise by {angle_deg:.0f}°. It was turned upright to read it.")
    yield _show(folder, "places", draw_outcomes(picture, places, numbers))
    yield from _list(numbers, len(unread))
    yield _show(folder, "glyphs", draw_glyphs(places, numbers))
    yield from _lines(folder, trace)
    yield element("h2", "Step by step")
    yield _times(trace.page)
    yield _counts(outcomes)
    for number, (mask, of_mask) in enumerate(zip(trace.masks, outcomes, strict=True), 1):
        if number == 1 or mask.ink is not trace.masks[number - 2].ink:
            yield _show(folder, f"ink-{number}", draw_ink(mask.ink))
        title = f"Mask {number}: threshold at {mask.factor:g} times the ink's level, {len(of_mask)} candidates"
        drawn = {
            f"mask-{number}": draw_mask(mask),
            f"mask-{number}-candidates": draw_candidates(mask, of_mask),
            f"mask-{number}-glyphs": draw_glyphs(of_mask),
        }
        yield folded(title, [_show(folder, name, one) for name, one in drawn.items()])


def _lines(folder: Path, trace: Trace) -> Iterator[Html]:
    """Yield a figure and a table for each line that the line recogniser read."""
    if not trace.lines:
        return
    yield element("h2", "The lines")
    yield explain_weights()
    for number, line in enumerate(trace.lines[:MAX_LINES], 1):
        texts = " ".join(proposal.text for proposal in line.proposals[:1])
        shown = [_show(folder, f"line-{number}", draw_line(line)), list_proposals(line)]
        yield folded(f"Line {number}: the segmentation reads {line.segmented}, the line recogniser {texts}", shown)


def _show(folder: Path, name: str, drawn: Figure) -> Html:
    """Write a figure as PNG, and return the HTML that shows it."""
    path = folder / f"{name}.png"
    content = cv2.imencode(".png", drawn.pixels, (cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL))[1].tobytes()
    with _writing(path):
        path.write_bytes(content)
    return figure(path.name, drawn)


def _list(numbers: Mapping[CandidateOutcome, int], total: int) -> Iterator[Html]:
    """Yield the list of the numbered places that were not read, out of `total`."""
    if not numbers:
        return
    cut = f", {len(numbers)} of {total} places" if len(numbers) < total else ""
    yield element("p", f"Not read{cut}:")
    rows = [(str(n), one.looks_like, swatch(one.kind, one.reason), _size(one)) for one, n in numbers.items()]
    yield table(("#", "looks like", "why it was not read", "size in px"), rows)


def _size(one: CandidateOutcome) -> str:
    return f"{one.box.w}×{one.box.h}"


def _times(page: Page) -> Html:
    rows = [(stage, f"{ms:.1f}") for stage, ms in page.stage_ms.items()]
    return table(("step", "ms"), [*rows, ("total", f"{sum(page.stage_ms.values()):.1f}")])


def _counts(outcomes: Sequence[Sequence[CandidateOutcome]]) -> Html:
    """Return a table of the number of candidates by outcome and mask."""
    counts = [Counter(one.kind for one in mask) for mask in outcomes]
    rows = [(swatch(k, k.title), *(str(count[k]) for count in counts)) for k in OUTCOMES if any(c[k] for c in counts)]
    return table(("candidates of mask", *map(str, range(1, len(outcomes) + 1))), rows)


def _numbers(page: Page) -> str:
    return ", ".join(reading.text for reading in page.readings)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn an OSError into an OutputError.

    Raises:
        OutputError: a file cannot be written.
    """
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        place = error.filename or path
        what = f"{printable(place)} cannot be written ({error.strerror})"
        raise OutputError(what, advice="choose another folder") from error
