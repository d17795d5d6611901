"""The Python interface: a reader that uses the net that measured best on this machine."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agent.choice.choice import Choice
from agent.choice.choose import choose_nets
from agent.choice.learned import usable_adjustments
from agent.paths import default_artifacts, default_log, learned_file
from agent.vision.page import Page
from agent.vision.parts import read_parts
from agent.vision.pipeline import FIELDS, QUICK, THOROUGH, Depth, Trace, trace_page
from agent.vision.pixels import Pixels, to_bgr
from profiles.board import detect_board
from profiles.errors import UsageError

if TYPE_CHECKING:
    from agent.forms.form import Form
    from agent.forms.locate import FormFinder
    from agent.forms.record import Record
    from agent.forms.table import RuledTable

log = logging.getLogger(__name__)
DEPTHS: Mapping[str, Depth] = {"quick": QUICK, "thorough": THOROUGH}


class Reader:
    """Reads handwritten digits from pictures.

        page = Reader().read("note.jpg")
        print([reading.text for reading in page.readings])

    The first reader on a machine measures which artifact and runtime are best. This takes a few seconds. The choice is
    saved for the next time.

    A reader is thread-safe: several threads may read different pictures with it at the same time. The nets run in one
    thread at a time, and all other steps run in parallel.

    Args:
        artifacts: folder of artifacts with their manifest; None means the artifacts that ship with the package.
        depth: "thorough" finds most digits and is meant for still pictures; "quick" is meant for live video.
        decimal_comma: True if a comma stands before the decimals ("1.234,5"), False if a point does ("1,234.5"), None
            if this is not known: then "1.234" is ambiguous and has no value.
        learned: file with what `digit-agent learn` learned from corrections; None means the one beside the log of
            `digit-agent run`, if there is one.
        progress: called with a message before each step of a measurement; None shows nothing.

    Raises:
        UsageError: the depth is unknown.
        ManifestError: the manifest of the folder is missing or damaged.
        NoArtifactError: no artifact of the folder can be used on this machine.
    """

    def __init__(
        self,
        artifacts: Path | str | None = None,
        depth: str | Depth = "thorough",
        *,
        decimal_comma: bool | None = None,
        learned: Path | str | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self._decimal_comma = decimal_comma
        self._finder: FormFinder | None = None
        self._depth = depth if isinstance(depth, Depth) else _find_depth(depth)
        folder = default_artifacts() if artifacts is None else Path(artifacts)
        adjustments = usable_adjustments(learned_file(default_log()) if learned is None else Path(learned))
        profile = detect_board().profile
        self._nets = choose_nets(folder, profile, progress=progress or log.info, adjustments=adjustments)

    @property
    def choice(self) -> Choice:
        """The classifier in use, its runtime and the reason; another one replaces it when its runtime fails."""
        return self._nets.classifier.choice

    def read(self, picture: object) -> Page:
        """Read a picture; a very long one is read in overlapping parts.

        Args:
            picture: one of

                - the path of a file, str or Path: AVIF, BMP, GIF, JPEG, JPEG 2000, PNG, PNM, TIFF, WebP, with the extra
                  `pictures` also HEIC or PDF; turned upright by its EXIF tag. Of several pages the first one is read;
                  `read_pages` reads all;
                - uint8 (H, W, 3), BGR as OpenCV stores it: convert RGB first, because the two cannot be distinguished;
                - uint8 (H, W), grey;
                - uint8 (H, W, 4), BGRA, drawn on white;
                - float (H, W) or (H, W, 3), grey or BGR, from 0 to 1.

        Raises:
            UsageError: the array is not of these kinds.
            PictureError: the file is missing, damaged, too large or not a picture.
            NoArtifactError: every runtime failed while it read the picture.
        """
        return read_parts(_load(picture), lambda part: self.trace(part).page)

    def read_pages(self, path: Path | str) -> Iterator[Page]:
        """Read all pages of a picture file, one after the other; a TIFF or a PDF may have several.

        Raises:
            PictureError: the file, or the next page of it, is missing, damaged, too large or not a picture.
            NoArtifactError: every runtime failed while it read the picture.
        """
        from agent.capture.picture_file import PictureFile

        with PictureFile(Path(path)) as file:
            for number in range(file.page_count):
                yield self.read(file.load(number))

    def read_form(self, picture: object, form: Form | Path | str) -> Record:
        """Read a filled-in form.

        Args:
            picture: as in `read`.
            form: the form, or the path of its TOML file.

        Returns:
            The value of each field, and how sure it is.

        Raises:
            FormError: the file of the form cannot be read, or contains a mistake.
            FormNotFoundError: the form is not in the picture as a whole, or more than once.
            PictureError: as in `read`.
            NoArtifactError: as in `read`.
        """
        from agent.forms.document import load_form
        from agent.forms.locate import FormFinder
        from agent.forms.read_form import read_form

        known = load_form(Path(form)) if isinstance(form, str | os.PathLike) else form
        finder = self._finder
        if finder is None or finder.form != known:
            finder = self._finder = FormFinder(known)
        return read_form(_load(picture), finder, self.read_fields)

    def read_table(self, picture: object, *, keep_print: bool = True) -> RuledTable:
        """Read the ruled table of a picture: each number in its cell.

        Args:
            picture: as in `read`.
            keep_print: False leaves out black and grey ink, if the table is filled in with a coloured pen.

        Raises:
            PictureError: as in `read`, or there is no ruled table.
            NoArtifactError: as in `read`.
        """
        from agent.forms.table import read_table

        return read_table(_load(picture), self.read_fields, keep_print=keep_print)

    def read_fields(self, page: Pixels) -> Page:
        """Read a page of cut-out fields or cells, BGR uint8 (H, W, 3), as `agent.forms` makes them.

        Raises:
            NoArtifactError: every runtime failed while it read the page.
        """
        return self.trace_fields(page).page

    def trace_fields(self, page: Pixels) -> Trace:
        """As `read_fields`, with the intermediate results of each step."""
        return trace_page(page, self._nets, FIELDS, decimal_comma=self._decimal_comma)

    def trace(self, picture: object) -> Trace:
        """Read a picture and return the intermediate results of each step too, for `digit-agent read --explain`.

        A picture is read as a whole here; `agent.vision.parts` splits and joins those that are very long.

        The argument and the errors are the same as of `read`.
        """
        return trace_page(_load(picture), self._nets, self._depth, decimal_comma=self._decimal_comma)


def _load(picture: object) -> Pixels:
    if isinstance(picture, str | os.PathLike):
        from agent.capture.pictures import load_picture

        return load_picture(Path(picture))
    return to_bgr(picture)


def _find_depth(name: object) -> Depth:
    if not isinstance(name, str) or name not in DEPTHS:
        raise UsageError(f"there is no depth {name!r}", advice=f"choose one of {', '.join(map(repr, DEPTHS))}")
    return DEPTHS[name]
