"""Watching for sheets: from a frame to the record of the form that lies before the camera, once for each sheet.

A sheet is read when it lies still. It is recorded at once if all its values are sure. Otherwise it is recorded after a
little longer: a hand that has just laid it down may still cover a field.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from agent.capture.source import Frame
from agent.events import TRACK
from agent.forms.form import Area
from agent.forms.locate import FormFinder, find_form
from agent.forms.read_form import cut_fields, read_located, read_montage
from agent.forms.record import Record
from agent.forms.same_sheet import SheetLook, SheetMemory, look_at_sheet
from agent.live.look_policy import Thumbnail, is_same, thumbnail
from agent.live.watch import NS_PER_MS, Observation, ReadPicture, Watch
from agent.vision.page import Page
from agent.vision.pipeline import FIELDS
from profiles.errors import FormNotFoundError

STILL_S = 0.4
"""Time for which a sheet must lie still before it is read, in seconds. Lowering it reads sheets that still move. A
guess that was never measured."""
SETTLE_S = 1.0
"""Time for which a sheet must lie still before values that are not sure are recorded, in seconds. Raising it delays
records. A guess that was never measured."""
MAX_WAIT_S = 3.0
"""Time after which values that are not sure are recorded even if the picture still changes, in seconds. Raising it
delays records. A guess that was never measured."""
PERIOD_S = 1.0
"""Time between two looks while the picture changes, or while no form is found, in seconds. Lowering it takes time. Not
tuned."""
MAX_TRIES = 3
"""Largest number of looks at a picture that does not change and shows no form. Raising it takes time on an empty desk.
A guess that was never measured."""
SAME_SHEET_S = 60.0
"""Time after which a sheet that was away counts as another one, in seconds. Raising it records fewer sheets that look
alike. A guess that was never measured."""
MAX_SHIFT = 0.01
"""A sheet lies still if its corners move by at most this between two looks, as a share of its diagonal. Raising it
reads sheets that still move. A guess that was never measured."""
Warn = Callable[[str], None]


def watch_form_pictures(finders: Sequence[FormFinder], read: ReadPicture, warn: Warn) -> Watch:
    """Return a function that reads the form in each picture; a picture without one is named in a warning."""

    def watch(frame: Frame) -> Observation:
        started_ns = time.monotonic_ns()
        records: tuple[Record, ...] = ()
        try:
            index, location = find_form(finders, frame.image)
            records = (read_located(frame.image, finders[index], location, partial(read, depth=FIELDS)),)
        except FormNotFoundError as error:
            warn(f"{frame.source}: {error}")
        return _observation(frame, records, "", (time.monotonic_ns() - started_ns) / NS_PER_MS)

    return watch


@dataclass(frozen=True, eq=False)
class _Place:
    """Where a sheet lay."""

    form: str
    corners: NDArray[np.float64]
    since_s: float
    """Since when it lies there."""

    def is_near(self, other: _Place) -> bool:
        """Return whether a sheet of the same form lay at about the same place."""
        diagonal = float(np.linalg.norm(self.corners[2] - self.corners[0]))
        return self.form == other.form and float(np.abs(other.corners - self.corners).max()) <= MAX_SHIFT * diagonal


@dataclass(frozen=True, eq=False)
class _Waiting:
    """A record that is not given out yet."""

    record: Record
    look: SheetLook
    place: _Place
    latest_s: float
    """When it is given out even if the picture still changes."""

    def is_of(self, look: SheetLook, place: _Place) -> bool:
        """Return whether it is the record of a sheet: of one that looks the same, or that lies at the same place.

        A hand may have covered most of it.
        """
        return self.look.is_same_sheet(look) or self.place.is_near(place)


class FormWatch:
    """Watches the frames of a camera, or of a video, for sheets.

    Args:
        finders: find the forms.
        read: reads a picture.
        still_s: time for which a sheet must lie still, in seconds; 0 reads the sheet of each frame.
        clock_ns: clock that measures the time of a look, in nanoseconds.
    """

    def __init__(
        self,
        finders: Sequence[FormFinder],
        read: ReadPicture,
        *,
        still_s: float = STILL_S,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._finders, self._read, self._still_s, self._clock_ns = finders, read, still_s, clock_ns
        self._resting: Thumbnail | None = None
        self._rest_s, self._looked_s, self._tries, self._done = 0.0, -math.inf, 0, False
        self._place: _Place | None = None
        self._waiting: _Waiting | None = None
        self._memory = SheetMemory(SAME_SHEET_S)
        self._in_view: SheetLook | None = None
        self._note = ""

    def force_look(self) -> None:
        """Look at the next frame, even if it is unchanged; may be called from any thread."""
        self._resting = None

    def __call__(self, frame: Frame) -> Observation:
        """Watch the next frame."""
        started_ns = self._clock_ns()
        at_s = frame.captured_ns / 1e9 if frame.recorded_s is None else frame.recorded_s
        current = thumbnail(frame.image)
        if not is_same(self._resting, current):
            self._resting, self._rest_s, self._tries, self._done = current, at_s, 0, False
        records: list[Record] = []
        looks = self._is_due(at_s)
        if looks:
            self._looked_s, self._tries = at_s, self._tries + (at_s - self._rest_s >= self._still_s)
            self._note = self._look(frame.image, at_s, records)
        elif self._in_view is not None and at_s - self._looked_s >= PERIOD_S:
            self._looked_s = at_s
            self._memory.knows(self._in_view, at_s)
        if self._waiting is not None and (at_s - self._rest_s >= SETTLE_S or at_s >= self._waiting.latest_s):
            self._give_out(at_s, records)
        took_ms = (self._clock_ns() - started_ns) / NS_PER_MS
        return _observation(frame, tuple(records), self._note, took_ms, unchanged=not looks)

    def _is_due(self, at_s: float) -> bool:
        rested_s, passed_s = at_s - self._rest_s, at_s - self._looked_s
        if rested_s < self._still_s:
            return passed_s >= PERIOD_S
        return not self._done and (self._tries == 0 or (self._tries < MAX_TRIES and passed_s >= PERIOD_S))

    def _look(self, image: NDArray[np.uint8], at_s: float, records: list[Record]) -> str:
        """Look for a sheet.

        Args:
            image: BGR, uint8 (H, W, 3).
            at_s: time of the frame, in seconds.
            records: receives the records to give out.

        Returns:
            Why the sheet in view is not recorded now, in words.
        """
        self._in_view = None
        try:
            index, location = find_form(self._finders, image)
        except FormNotFoundError as error:
            self._place = None
            return error.what
        finder = self._finders[index]
        form, before = finder.form, self._place
        place = _Place(form.name, location.quad(Area(0, 0, *form.size)), self._rest_s)
        if before is not None and before.is_near(place):
            place = replace(place, since_s=min(place.since_s, before.since_s))
        self._place = place
        if at_s - place.since_s < self._still_s:
            return "the sheet does not lie still yet"
        montage = cut_fields(image, finder, location)
        look = look_at_sheet(form.name, montage)
        self._done, self._in_view = True, look
        if look.is_blank:
            return "nothing is written on the sheet"
        if self._waiting is not None and not self._waiting.is_of(look, place):
            self._give_out(at_s, records)
        if self._memory.knows(look, at_s):
            return "this sheet is recorded already"
        record = read_montage(montage, form, location, partial(self._read, depth=FIELDS))
        waits = bool(self._still_s) and not record.is_sure
        self._waiting = _Waiting(record, look, place, at_s + MAX_WAIT_S if waits else at_s)
        return ""

    def _give_out(self, at_s: float, records: list[Record]) -> None:
        if self._waiting is not None:
            records.append(self._waiting.record)
            self._memory.add(self._waiting.look, at_s)
            self._waiting = None


def _observation(
    frame: Frame, records: tuple[Record, ...], note: str, took_ms: float, *, unchanged: bool = False
) -> Observation:
    height, width = frame.image.shape[:2]
    page = Page(width, height, (), (), {TRACK: took_ms})
    return Observation(page, (), unchanged, records=records, form_note=note)
