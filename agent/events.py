"""Events of a run that reach its sinks, and the data that they carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.capture.outage import Outage
from agent.forms.record import Record
from agent.sensors.load import Load
from agent.vision.box import Box
from agent.vision.lines import Reading
from agent.vision.page import STAGES, Page

TRACK = "track"
"""Stage that follows the digits from frame to frame and announces readings."""
NO_LOAD = Load()
"""The load of a machine that cannot be asked."""
LATENCY_STAGES = ("age", *STAGES, TRACK, "total")
"""Keys of a frame event's latencies, in order: age of the frame when its look begins, the stages, capture to result."""


@dataclass(frozen=True)
class RunInfo:
    """Source, board and artifact of a run. The artifact changes after a failure, a reload or when the board is hot."""

    source: str
    board: str
    """Name of the board's profile."""
    artifact: str
    runtime: str
    reason: str
    """Why this artifact was chosen with this runtime."""
    power_sensor: str | None
    """Description of the power sensor; None if this machine has none."""
    slowed: str = ""
    """How the agent limits itself on a hot board, in words; empty at full speed."""
    paused: bool = False
    """Whether the user has paused the run."""


@dataclass(frozen=True)
class RunLinks:
    """What a sink that people operate may ask of a run; any thread may call these."""

    info: Callable[[], RunInfo]
    """Describes the run."""
    change: Callable[[], list[str]]
    """Applies the configured options of the camera, and returns the changed options that need a restart."""
    want_dropped: Callable[[], None]
    """Demands `FrameEvent.dropped` for the next seconds."""


@dataclass(frozen=True)
class Vitals:
    """One sample of the machine's sensors; None is a value that cannot be measured."""

    measured_ns: int
    """`time.monotonic_ns()` of the sample. Each new sample has a new time."""
    power_mw: float | None = None
    temperature_c: float | None = None
    throttling: tuple[str, ...] | None = None
    """Reasons why the machine throttles now, in words; empty if it does not, None if it cannot be asked."""
    load: Load = NO_LOAD


@dataclass(frozen=True)
class Counts:
    """Totals since the run began."""

    frames: int = 0
    dropped: int = 0
    """Frames that were never analysed: a newer one was available, or they could not be read."""
    readings: int = 0
    """Announced readings."""
    digits: int = 0
    """Digits of the announced readings."""
    unchanged: int = 0
    """Frames, out of `frames`, that showed nothing new and were not analysed again."""
    records: int = 0
    """Records of sheets."""


@dataclass(frozen=True)
class OutletCounts:
    """State of a way off the board, such as MQTT."""

    name: str
    is_connected: bool
    delivered: int
    """Messages that were confirmed in this run."""
    waiting: int
    failures: int
    """Connections or requests that failed in this run."""
    aside: int = 0
    """Messages among those that wait which are too large for the receiver, and do not hold up later ones."""


@dataclass(frozen=True)
class SendingCounts:
    """State of everything that carries readings off the board."""

    outlets: tuple[OutletCounts, ...] = ()
    dropped: int = 0
    """Messages that were dropped because too many waited."""
    lost: int = 0
    """Readings and faults that never reached the outbox."""


@dataclass(frozen=True)
class Sighting:
    """A number in view that is not announced yet."""

    reading: Reading
    waits_for: str
    """Why it is not announced yet, in words."""


@dataclass(frozen=True)
class DroppedCandidate:
    """Ink that might have been a digit and was not read."""

    box: Box
    """In pixels of the frame."""
    reason: str
    """Why it was not read, in a few words."""
    rgb: tuple[int, int, int]
    """Colour for drawings; each reason has one."""


@dataclass(frozen=True, eq=False)
class FrameEvent:
    """A frame is finished."""

    number: int
    """Number of the frame in its source."""
    source: str
    """URI of the source, or file of the picture."""
    image: NDArray[np.uint8] | None
    """The picture, BGR uint8 (H, W, 3); None after the event has waited in a queue."""
    page: Page
    announced: tuple[Reading, ...]
    """Readings that are announced with this frame."""
    latency_ms: Mapping[str, float]
    """Milliseconds by key of `LATENCY_STAGES`; empty if the frame showed nothing new."""
    finished_ns: int
    """`time.monotonic_ns()` when the frame was finished."""
    counts: Counts
    vitals: Vitals | None
    """Newest sample; None before the first."""
    sightings: tuple[Sighting, ...] = ()
    """Numbers in view that are not announced yet."""
    records: tuple[Record, ...] = ()
    """Sheets that are recorded with this frame, if the run reads forms."""
    form_note: str = ""
    """Why the sheet in view is not recorded now, in words; empty if the run reads no forms."""
    dropped: tuple[DroppedCandidate, ...] = ()
    """What the newest look dropped; empty unless somebody wants to know."""


@dataclass(frozen=True)
class OutageEvent:
    """A camera gives no frames, and the run waits for it. Sent again and again until the camera is back."""

    outage: Outage


@dataclass(frozen=True)
class FaultEvent:
    """The agent has warned: a picture that cannot be read, a camera that failed. It may come from any thread."""

    text: str


Event = FrameEvent | OutageEvent | FaultEvent
"""An event that a sink receives."""
