"""A folder that explains pictures: for each one a folder with its figures and a page, and a page that links them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath

import cv2

from agent.capture.file import printable
from agent.explain.figures import (
    Figure,
    Pixels,
    draw_candidates,
    draw_glyphs,
    draw_ink,
    draw_mask,
    draw_outcomes,
    draw_readings,
)
from agent.explain.markup import GENERATOR, Html, document, element, figure, folded, image, link, swatch, table
from agent.explain.outcomes import OUTCOMES, CandidateOutcome, OutcomeKind, best_of_each_place, find_outcomes
from agent.vision.page import Page
from agent.vision.pipeline import Trace
from profiles.errors import OutputError

MOST_LISTED = 60
"""Of places that were not read, the nearest to it are listed; further ones are print and texture."""
LONGEST_NAME = 60
PNG_LEVEL = 6
"""zlib's own default; OpenCV's makes files twice as large."""
INDEX = "index.html"


class ExplainReport:
    """Explains pictures in a folder, which is made.

    Args:
        folder: where to; what it held before stays, but for an older explanation of a picture of the same name.

    Raises:
        OutputError: it cannot be written, or holds an index.html that is not ours.
    """

    def __init__(self, folder: Path) -> None:
        self.index = folder / INDEX
        self._folder = folder
        self._names: set[str] = set()
        self._rows: list[tuple[str, ...]] = []
        self._write_page(self.index, "Pictures explained", [])

    def add(self, source: Path, picture: Pixels, looked: Trace) -> None:
        """Explain a picture, BGR uint8 (H, W, 3), that was looked at.

        Raises:
            OutputError: a file cannot be written.
        """
        title, name = printable(source), self._free_name(source)
        folder = self._folder / name
        with _writing(folder):
            folder.mkdir(exist_ok=True)
        self._write_page(folder / INDEX, title, _parts(folder, picture, looked))
        thumbnail = link(f"{name}/{INDEX}", image(f"{name}/readings.png", title))
        count = str(len(looked.page.digits))
        self._rows.append((thumbnail, link(f"{name}/{INDEX}", title), count, _numbers(looked.page)))
        self._write_page(self.index, "Pictures explained", [table(("", "picture", "digits", "numbers"), self._rows)])

    def _free_name(self, source: PurePath) -> str:
        """A folder's name, safe in files and addresses, that no other picture has, on whatever file system."""
        stem = re.sub(r"[^\w-]+", "_", printable(source.stem))[:LONGEST_NAME].strip("_") or "picture"
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
                raise OutputError(f"{path} is there already and is not ours; name an empty folder")
            path.write_text(document(title, parts), "utf-8")


def _parts(folder: Path, picture: Pixels, looked: Trace) -> Iterator[Html]:
    """All of a picture's page; the figures are written on the way."""
    told = find_outcomes(looked)
    near = best_of_each_place(told)
    numbers = {
        one: number for number, one in enumerate([t for t in near if t.fate is not OutcomeKind.READ][:MOST_LISTED], 1)
    }
    yield element("p", _numbers(looked.page) or "no digit", class_="read")
    yield _show(folder, "readings", draw_readings(picture, looked.page))
    yield element("h2", "What became of each place")
    yield _show(folder, "places", draw_outcomes(picture, near, numbers))
    yield from _list(near, numbers)
    yield _show(folder, "glyphs", draw_glyphs(near, numbers))
    yield element("h2", "Step by step")
    yield _times(looked.page)
    yield _counts(told)
    for number, (seen, mask) in enumerate(zip(looked.seen, told, strict=True), 1):
        if number == 1 or seen.ink is not looked.seen[number - 2].ink:
            yield _show(folder, f"ink-{number}", draw_ink(seen.ink))
        title = f"Mask {number}: at {seen.factor:g} of the ink's level, {len(mask)} candidates"
        drawn = {
            f"mask-{number}": draw_mask(seen),
            f"mask-{number}-candidates": draw_candidates(seen, mask),
            f"mask-{number}-glyphs": draw_glyphs(mask),
        }
        yield folded(title, [_show(folder, name, one) for name, one in drawn.items()])


def _show(folder: Path, name: str, drawn: Figure) -> Html:
    """Write a figure, and give the HTML that shows it."""
    path = folder / f"{name}.png"
    content = cv2.imencode(".png", drawn.pixels, (cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL))[1].tobytes()
    with _writing(path):
        path.write_bytes(content)
    return figure(path.name, drawn)


def _list(near: Sequence[CandidateOutcome], numbers: Mapping[CandidateOutcome, int]) -> Iterator[Html]:
    """The places that were not read, the nearest to it first."""
    if not numbers:
        return
    unread = sum(one.fate is not OutcomeKind.READ for one in near)
    cut = f", the nearest {len(numbers)} of {unread}" if len(numbers) < unread else ""
    yield element("p", f"Not read{cut}:")
    rows = [(str(n), t.looks_like, swatch(t.fate, t.reason), f"{t.box.w}×{t.box.h}") for t, n in numbers.items()]
    yield table(("#", "looks like", "why not", "size in px"), rows)


def _times(page: Page) -> Html:
    rows = [(stage, f"{ms:.1f}") for stage, ms in page.stage_ms.items()]
    return table(("step", "ms"), [*rows, ("all", f"{sum(page.stage_ms.values()):.1f}")])


def _counts(told: Sequence[Sequence[CandidateOutcome]]) -> Html:
    """How many candidates of each mask had which fate."""
    counts = [Counter(one.fate for one in mask) for mask in told]
    rows = [(swatch(f, f.title), *(str(count[f]) for count in counts)) for f in OUTCOMES if any(c[f] for c in counts)]
    return table(("candidates of mask", *map(str, range(1, len(told) + 1))), rows)


def _numbers(page: Page) -> str:
    return ", ".join(reading.text for reading in page.readings)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Tell what cannot be written.

    Raises:
        OutputError: it cannot.
    """
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        place = error.filename or path
        raise OutputError(f"{printable(place)} cannot be written ({error.strerror}); choose another folder") from error
