"""Watching: from a frame to its page and the readings to announce.

Each still is independent: it gets a thorough look, and all its readings are announced. The frames of a video show the
same page again and again: the budget limits the looks, digits are tracked, and each reading is announced once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.capture.source import Frame
from agent.events import TRACK, DroppedCandidate, Sighting
from agent.forms.record import Record
from agent.live.announce import Announcer
from agent.live.look_policy import LookPolicy
from agent.live.signs import with_signs
from agent.vision.box import Box
from agent.vision.lines import Reading, group_lines
from agent.vision.page import Page
from agent.vision.parts import cut, move_page, move_reading, read_parts
from agent.vision.pipeline import QUICK, THOROUGH, Depth
from agent.vision.track import Detections, Track
from agent.vision.tracker import Tracker
from agent.vision.undecided import add_marks

THOROUGH_WEIGHT = 3.0
"""Weight of the votes of a thorough look; the votes of a quick look have weight 1. Raising it confirms digits after
fewer looks. Chosen by trial."""
NS_PER_MS = 1e6
"""Nanoseconds in a millisecond. Fixed by the units."""


class ReadPicture(Protocol):
    """Function that reads a picture."""

    def __call__(self, image: NDArray[np.uint8], *, depth: Depth) -> Page:
        """Read a picture, BGR uint8 (H, W, 3), at a depth (quick or thorough)."""
        ...


@dataclass(frozen=True)
class Observation:
    """Result of watching a frame."""

    page: Page
    announced: tuple[Reading, ...]
    """Readings to announce with this frame."""
    unchanged: bool = False
    """Whether the frame showed nothing new and was not analysed again."""
    sightings: tuple[Sighting, ...] = ()
    """Numbers in view that are not announced yet."""
    records: tuple[Record, ...] = ()
    """Sheets to record with this frame."""
    form_note: str = ""
    """Why the sheet in view is not recorded now, in words; empty if no form is looked for."""
    dropped: tuple[DroppedCandidate, ...] = ()
    """What the newest look dropped; empty unless somebody wants to know."""


Watch = Callable[[Frame], Observation]


def watch_stills(read: ReadPicture) -> Watch:
    """Return a function that watches independent pictures."""

    def watch(frame: Frame) -> Observation:
        page = read_parts(frame.image, partial(read, depth=THOROUGH))
        return Observation(page, page.readings)

    return watch


def watch_region(watch: Watch) -> Watch:
    """Return a function that watches the region of each frame, if it has one; all boxes stay in pixels of the frame.

    Args:
        watch: watches the region as if it were a frame.
    """

    def watch_inside(frame: Frame) -> Observation:
        box = frame.region
        if box is None:
            return watch(frame)
        height, width = frame.image.shape[:2]
        seen = watch(replace(frame, image=cut(frame.image, box), region=None))
        return replace(
            seen,
            page=move_page(seen.page, box, width, height),
            announced=tuple(move_reading(reading, box) for reading in seen.announced),
            sightings=tuple(replace(one, reading=move_reading(one.reading, box)) for one in seen.sightings),
            records=tuple(record.moved(box.x, box.y) for record in seen.records),
            dropped=tuple(
                replace(one, box=one.box._replace(x=one.box.x + box.x, y=one.box.y + box.y)) for one in seen.dropped
            ),
        )

    return watch_inside


class VideoWatch:
    """Watches the frames of a video.

    Args:
        read: reads a picture.
        frame_ms: time budget of the board for a frame, in milliseconds.
        clock_ns: clock that measures the cost of a look, in nanoseconds.
    """

    def __init__(self, read: ReadPicture, frame_ms: float, *, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._read, self._clock_ns = read, clock_ns
        self._policy, self._tracker, self._announcer = LookPolicy(frame_ms), Tracker(), Announcer()
        self._tracks: tuple[Track, ...] = ()
        self._thoroughly_seen: frozenset[int] = frozenset()
        """Ids of the tracks that the last thorough look found."""
        self._seen: tuple[Reading, ...] = ()
        self._last = Observation(Page(0, 0, (), (), {}), ())
        self._due_s = math.inf
        """When a number may be announced, in seconds; then a frame is looked at."""
        self._look_forced = False

    def force_look(self) -> None:
        """Look thoroughly at the next frame, even if it is unchanged; may be called from any thread."""
        self._look_forced = True

    def __call__(self, frame: Frame) -> Observation:
        """Watch the next frame."""
        started_ns = self._clock_ns()
        if self._look_forced:
            self._look_forced = False
            self._policy.forget()
        at_s = frame.captured_ns / 1e9 if frame.recorded_s is None else frame.recorded_s
        h, w = frame.image.shape[:2]
        same_size = (w, h) == (self._last.page.width, self._last.page.height)
        known = self._known(w, h) if same_size and at_s < self._due_s else None
        depth, shift = self._policy.look(frame.image, at_s, known=known)
        if shift:
            return _moved(self._last, shift, (self._clock_ns() - started_ns) / NS_PER_MS)
        stage_ms, read_ms = dict[str, float](), 0.0
        if depth is not None:
            page, read_ms = self._look(frame.image, depth)
            stage_ms.update(page.stage_ms)
        announced, sightings, self._due_s = self._announcer.announce(self._tracks, self._seen, at_s)
        digits = [track.digit for track in self._tracks_inside(w, h)]
        shown = tuple(with_signs(add_marks(reading, self._seen), self._seen) for reading in group_lines(digits))
        stage_ms[TRACK] = (self._clock_ns() - started_ns) / NS_PER_MS - read_ms
        page = Page(w, h, tuple(digit for reading in shown for digit in reading.digits), shown, stage_ms)
        self._last = Observation(page, announced, depth is None, sightings)
        return self._last

    def _known(self, width: int, height: int) -> Depth | None:
        """Return which looks know all digits inside a picture of this width and height; see `LookPolicy.look`."""
        tracks = self._tracks_inside(width, height)
        if not all(track.confirmed and not track.missed for track in tracks):
            return None
        thoroughly = bool(tracks) and all(track.id in self._thoroughly_seen for track in tracks)
        return THOROUGH if thoroughly else QUICK

    def _tracks_inside(self, width: int, height: int) -> list[Track]:
        """Return the tracks that are shown and lie inside a picture of this width and height."""
        return [track for track in self._tracks if track.shown and _is_inside(track.box, width, height)]

    def _look(self, image: NDArray[np.uint8], depth: Depth) -> tuple[Page, float]:
        """Read a picture and track its digits.

        Returns:
            The page, and the time that reading took, in milliseconds.
        """
        started_ns = self._clock_ns()
        page = self._read(image, depth=depth)
        read_ms = (self._clock_ns() - started_ns) / NS_PER_MS
        self._policy.add_cost(depth, read_ms)
        weight = THOROUGH_WEIGHT if depth is THOROUGH else 1.0
        if page.angle_deg:  # digits are tracked, and grouped to numbers, as on an upright page
            page = replace(page, digits=(), readings=())
        self._tracks = self._tracker.follow(Detections(page.digits, page.width, page.height, weight))
        if depth is THOROUGH:
            self._thoroughly_seen = frozenset(track.id for track in self._tracks if not track.missed)
        self._seen = tuple(with_signs(reading, self._seen) for reading in page.readings)
        return page, read_ms


def _moved(last: Observation, shift: complex, took_ms: float) -> Observation:
    """Return what is seen in a frame that shows the picture of the last observation, moved; it announces nothing.

    A number that the motion takes out of the picture, if only in part, is left out until the next look.
    """
    w, h = last.page.width, last.page.height
    to = Box(round(shift.real), round(shift.imag), w, h)
    readings = tuple(one for one in (move_reading(one, to) for one in last.page.readings) if _is_inside(one.box, w, h))
    moved = [replace(one, reading=move_reading(one.reading, to)) for one in last.sightings]
    sightings = tuple(one for one in moved if _is_inside(one.reading.box, w, h))
    page = Page(w, h, tuple(digit for reading in readings for digit in reading.digits), readings, {TRACK: took_ms})
    return Observation(page, (), unchanged=True, sightings=sightings)


def _is_inside(box: Box, width: int, height: int) -> bool:
    return box.x >= 0 and box.y >= 0 and box.right <= width and box.bottom <= height
