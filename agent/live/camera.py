"""The camera of a run, which can get other options while the run goes on.

A change that only turns the picture or moves its region takes effect with the next frame. Any other one closes the
camera and opens it again, in the way in which a camera that failed is opened again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from agent.capture.mounting import MountedSource, Mounting
from agent.capture.source import Frame, NoFrameYetError, Source
from profiles.errors import DigitAgentError, PictureError, SourceError, UsageError

COME_BACK_S = 60.0
"""Longest time until the first frame after a change, in seconds. Raising it helps cameras that open slowly, and keeps a
camera that does not come back away for longer. Fixed by `ReconnectPolicy.open_timeout_s`, which is as long."""


@dataclass(frozen=True)
class CameraSetup:
    """How the camera of a run is opened, and how it is mounted."""

    opening: Callable[[], Source]
    ways: Hashable
    """The options that take effect when the camera is opened."""
    mounting: Mounting
    kind: Hashable
    """What a run cannot change, such as whether its source is a camera or a video."""
    is_live: bool = True
    """Whether the source can be opened again while the run goes on."""
    one_size: bool = True
    """Whether all frames have the same size, as those of a camera."""


class CameraInUse:
    """The camera in use. Any thread may give it another set-up.

    Args:
        setup: the first set-up. If it is wrong, the run ends; a later one is undone.
    """

    def __init__(self, setup: CameraSetup) -> None:
        self._first = self._before = self.setup = setup
        self.title = ""
        """Name of the camera for people."""
        self._changed, self._switching = threading.Condition(), threading.Lock()
        self._awaited: CameraSetup | None = None
        self._failure: DigitAgentError | None = None
        self._source: Source | None = None

    def open(self) -> Source:
        """Open the camera as it is set up now."""
        setup = self.setup
        try:
            source = setup.opening()
        except DigitAgentError as error:
            raise self._fail(setup, error) from error
        self.title, self._source = source.title, _SetUpSource(self, setup, source)
        return self._source

    def switch_to(self, setup: CameraSetup, timeout_s: float = COME_BACK_S) -> None:
        """Use another set-up, and return when a frame has come with it.

        Args:
            setup: the set-up; its kind is that of the first one.
            timeout_s: longest wait for the frame, in seconds.

        Raises:
            SourceError: no frame came. The set-up before is in use again.
        """
        with self._switching:
            before = self._before = self.setup
            self._use(setup, awaited=True)
            with self._changed:
                self._changed.wait_for(lambda: self._awaited is None, timeout_s)
                has_come, failure = self._awaited is None and self._failure is None, self._failure
            if not has_come:
                self._use(before, awaited=False)
                reason = failure.what if failure is not None else f"no picture came within {timeout_s:.0f} s"
                raise SourceError(
                    f"the camera does not come back with these options ({reason})",
                    advice="correct them; those before are in use again",
                )

    def _use(self, setup: CameraSetup, *, awaited: bool) -> None:
        with self._changed:
            is_open = self.setup.ways == setup.ways
            self.setup, self._awaited, self._failure = setup, setup if awaited else None, None
        if self._source is not None and not is_open:
            self._source.interrupt()

    def _arrive(self, setup: CameraSetup) -> None:
        """Note that a frame has come with a set-up."""
        if self._awaited is setup:
            with self._changed:
                self._awaited = self._failure = None
                self._changed.notify_all()

    def _fail(self, setup: CameraSetup, error: DigitAgentError) -> DigitAgentError:
        """Note a failure, and return the error to raise: a wrong use ends the run only if it began with it."""
        if not isinstance(error, UsageError) or setup is self._first:
            if self._awaited is setup:
                self._failure = error
            return error
        with self._changed:
            if self._awaited is setup:
                self.setup, self._failure, self._awaited = self._before, error, None
                self._changed.notify_all()
        return SourceError(error.what, advice=error.advice)


class _SetUpSource(MountedSource):
    """A source that fails when it has to be opened in another way."""

    def __init__(self, camera: CameraInUse, setup: CameraSetup, source: Source) -> None:
        super().__init__(source, setup.mounting, one_size=setup.one_size)
        self._camera, self._ways = camera, setup.ways

    def read(self) -> Frame | None:
        setup = self._camera.setup
        self.mounting = setup.mounting
        frame, failure = None, None
        try:
            frame = super().read() if setup.ways == self._ways else None
        except (PictureError, NoFrameYetError):
            raise
        except DigitAgentError as error:
            failure = self._camera._fail(setup, error)
        now = self._camera.setup
        if now.ways != self._ways:
            raise SourceError(f"{self.title} is opened again, because its options have changed", advice="wait a moment")
        if failure is not None:
            if now.mounting == setup.mounting:
                raise failure
            return self.read()  # the region was undone
        if frame is not None:
            self._camera._arrive(setup)
        return frame
