"""Picture files as frames: a single file, the files of a folder, or the files that match a glob, in natural order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.capture.file_kind import PICTURE_SUFFIXES, kind_of_path
from agent.capture.file_name import local_path, printable
from agent.capture.picture_file import STANDARD_INPUT, PictureFile
from agent.capture.source import Frame, Source
from agent.capture.uri import PicturesSpec
from agent.vision.pixels import Pixels
from profiles.errors import PictureError, SourceError
from profiles.redact import redact

MAX_NAMED = 3
"""Number of skipped files that are named; of more, only their number is given."""


class PictureSource(Source):
    """Pictures one after the other, with all pages of each file; frames may differ in size.

    Args:
        spec: path, folder or glob.
        clock: returns the time in nanoseconds.

    Raises:
        SourceError: there is no picture.
    """

    live = False

    def __init__(self, spec: PicturesSpec, clock: Callable[[], int]) -> None:
        self._clock = clock
        found = find_pictures(spec.uri)
        self._paths = list(reversed(found.paths))
        self._single = len(found.paths) == 1
        self._file: PictureFile | None = None
        self._page = self._number = 0
        title = printable(spec.uri)
        self.title = title if self._single else f"{title}, {len(found.paths)} pictures"
        if found.skipped:
            self.title += f", {len(found.skipped)} other files"

    def read(self) -> Frame | None:
        if self._file is None and not self._paths:
            return None
        number, self._number = self._number, self._number + 1
        try:
            return self._next_page(number)
        except PictureError as error:
            if self._single and (self._file is None or self._file.page_count == 1):
                raise SourceError(error.what, advice=error.advice) from error  # no picture is left to go on with
            raise

    def close(self) -> None:
        self._paths.clear()
        self._close_file()

    def _next_page(self, number: int) -> Frame:
        if self._file is None:
            self._file, self._page = PictureFile(self._paths.pop()), 0
        file, page = self._file, self._page
        self._page += 1
        try:
            return Frame(file.load(page), self._clock(), number, file.title(page))
        finally:
            if self._page == file.page_count:
                self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None


@dataclass(frozen=True)
class FoundPictures:
    """The pictures of a path, a folder or a glob."""

    paths: tuple[Path, ...]
    """The pictures in natural order: 2.jpg before 10.jpg."""
    skipped: tuple[Path, ...] = ()
    """What else is in the folder: files that are not pictures, and folders. Hidden files are not counted."""

    def describe_skipped(self) -> str:
        """Return the names of what was skipped, on one line."""
        names = [printable(path.name) + ("/" if path.is_dir() else "") for path in self.skipped[:MAX_NAMED]]
        more = len(self.skipped) - len(names)
        return ", ".join(names) + (f" and {more} more" if more else "")


def find_pictures(text: str) -> FoundPictures:
    """Find the pictures of a path, a folder or a glob; "-" is the standard input.

    Raises:
        SourceError: no picture was found.
    """
    if not text:
        raise SourceError("no picture was named", advice="name a picture, a folder, or a glob in quotes")
    text = local_path(text)
    path, skipped = Path(text), list[Path]()
    if path == STANDARD_INPUT:
        return FoundPictures((path,))
    if path.is_dir():
        visible = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
        found = [entry for entry in visible if _is_picture(entry)]
        skipped = sorted(set(visible) - set(found), key=_natural)
        error = SourceError(f"no picture in the folder {text}", advice="put files such as page.jpg or page.png there")
    elif path.exists() or not any(sign in text for sign in "*?["):
        found = [path] if path.exists() else []
        is_source = re.match(r"demo$|/dev/|[a-z][a-z0-9+.-]+:", text, re.IGNORECASE)
        advice = "read a camera or the demo with 'digit-agent run --source'" if is_source else "check the name"
        error = SourceError(f"no picture {redact(text)}", advice=advice)
    else:
        anchor = path.anchor or "."
        found = [p for p in Path(anchor).glob(str(path.relative_to(path.anchor))) if p.is_file()]
        error = SourceError(f"no file matches {text}", advice="check the pattern")
    if not found:
        raise error
    return FoundPictures(tuple(sorted(found, key=_natural)), tuple(skipped))


def _is_picture(path: Path) -> bool:
    """Return whether an entry of a folder is a picture by its suffix or its content.

    A damaged file with the suffix of a picture counts, so that its damage is reported.
    """
    return not path.is_dir() and (path.suffix.lower() in PICTURE_SUFFIXES or kind_of_path(path) == "picture")


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def load_picture(path: Path) -> Pixels:
    """Read a picture, or the first page of a file with several ones.

    Returns:
        BGR, uint8 (H, W, 3), as `PictureFile.load` returns it.

    Raises:
        PictureError: the file is missing, not a picture, cut off, damaged, or too large for this board.
    """
    with PictureFile(path) as file:
        return file.load(0)
