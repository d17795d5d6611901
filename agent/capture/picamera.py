"""The ribbon camera of a Raspberry Pi, through the system's picamera2; `cv2.VideoCapture` does not support it."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from agent.capture.controls import SWITCHES, WantedControl, unknown_control
from agent.capture.source import Frame, Source
from agent.capture.uri import CsiSpec
from profiles.errors import SourceError
from profiles.foreign_text import show

START_TIMEOUT_S = 5.0
"""Longest wait for the first frame, in seconds: the camera first sets its exposure. Chosen by trial."""
FRAME_TIMEOUT_S = 2.0
"""Longest wait for each later frame, in seconds. Without a timeout picamera2 waits for ever. Chosen by trial."""


class PiCameraSource(Source):
    """A camera at the ribbon connector of a Raspberry Pi.

    Args:
        spec: the sensor.
        width: width of the frames, in pixels.
        height: height of the frames, in pixels.
        clock: returns the time in nanoseconds.
        controls: controls to set, with picamera2's names.

    Raises:
        SourceError: picamera2 is not installed, the camera cannot be opened, or a control cannot be set.
    """

    live = True

    def __init__(
        self,
        spec: CsiSpec,
        width: int,
        height: int,
        clock: Callable[[], int],
        controls: Sequence[WantedControl] = (),
    ) -> None:
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise SourceError(
                f"{spec.uri} needs picamera2 ({error})",
                advice="run 'sudo apt install python3-picamera2', and create the virtual environment with "
                "--system-site-packages",
            ) from error
        self.title = spec.title
        self._uri = spec.uri
        self._clock = clock
        self._number = 0
        try:
            self._camera = Picamera2(spec.sensor)
        except (RuntimeError, IndexError) as error:
            raise _open_error(spec, error) from error
        try:
            # libcamera's RGB888 is blue, green, red in memory: the order of OpenCV.
            self._camera.configure(
                self._camera.create_video_configuration(main={"size": (width, height), "format": "RGB888"})
            )
            if controls:
                self._camera.set_controls(libcamera_values(spec.uri, controls, self._camera.camera_controls))
            self._camera.start()
        except SourceError:
            self.close()
            raise
        except (RuntimeError, IndexError) as error:
            self.close()  # otherwise it stays busy and cannot be opened again
            raise _open_error(spec, error) from error

    def read(self) -> Frame:
        timeout_s = FRAME_TIMEOUT_S if self._number else START_TIMEOUT_S
        try:
            image = self._camera.capture_array("main", wait=timeout_s)
        except concurrent.futures.TimeoutError as error:
            raise SourceError(
                f"{self._uri} gave no frame for {timeout_s:.0f} s", advice="check the ribbon cable"
            ) from error
        except RuntimeError as error:
            raise SourceError(f"{self._uri} failed ({error})", advice="check the ribbon cable") from error
        frame = Frame(np.ascontiguousarray(image, np.uint8), self._clock(), self._number, self._uri)
        self._number += 1
        return frame

    def close(self) -> None:
        self._camera.close()


def libcamera_values(
    camera: str, wanted: Sequence[WantedControl], known: Mapping[str, tuple[Any, Any, Any]]
) -> dict[str, bool | float]:
    """Return wanted controls as picamera2 takes them.

    Args:
        camera: name of the camera, for messages.
        wanted: the controls.
        known: minimum, maximum and default of each control by its name, which is the camera's `camera_controls`.

    Raises:
        SourceError: the camera has no such control, or its value is another kind of value, or too small or large.
    """
    values: dict[str, bool | float] = {}
    for one in wanted:
        if one.name not in known:
            raise unknown_control(camera, one.name, known)
        low, high, _ = known[one.name]
        try:
            given = SWITCHES.get(one.value.lower(), one.value)
            value = bool(int(given)) if isinstance(low, bool) else type(low)(given)
            fits = low <= value <= high
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise SourceError(
                f"{camera} does not take {show(one)}", advice=f"choose {show(one.name)} from {low} to {high}"
            )
        values[one.name] = value
    return values


def _open_error(spec: CsiSpec, error: Exception) -> SourceError:
    return SourceError(
        f"no camera at {spec.uri} ({error})",
        advice="check the ribbon cable, run 'rpicam-hello --list-cameras', and check that no other program uses it",
    )
