"""A Raspberry Pi's ribbon camera, through the system's picamera2; `cv2.VideoCapture` cannot see it."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable

import numpy as np

from agent.capture.source import Frame, Source
from agent.capture.uri import CsiSpec
from profiles.errors import SourceError

START_TIMEOUT_S = 5.0
FRAME_TIMEOUT_S = 2.0
"""Without it picamera2 waits for ever for a camera that fell silent."""


class PiCameraSource(Source):
    """A camera at a Raspberry Pi's ribbon connector.

    Args:
        spec: Which sensor.
        width: Width of the frames, in pixels.
        height: Height of the frames, in pixels.
        clock: Gives nanoseconds.

    Raises:
        SourceError: picamera2 is not installed, or there is no such camera.
    """

    live = True

    def __init__(self, spec: CsiSpec, width: int, height: int, clock: Callable[[], int]) -> None:
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise SourceError(
                f"{spec.uri} needs picamera2 ({error}); 'sudo apt install python3-picamera2', and make the "
                "virtual environment with --system-site-packages"
            ) from error
        self.title = spec.title
        self._uri = spec.uri
        self._clock = clock
        self._number = 0
        try:
            self._camera = Picamera2(spec.sensor)
        except (RuntimeError, IndexError) as error:
            raise _missing(spec, error) from error
        try:
            # What libcamera calls RGB888 lies in memory as blue, green, red: OpenCV's order.
            self._camera.configure(
                self._camera.create_video_configuration(main={"size": (width, height), "format": "RGB888"})
            )
            self._camera.start()
        except (RuntimeError, IndexError) as error:
            self.close()  # or nobody could open it again
            raise _missing(spec, error) from error

    def read(self) -> Frame:
        timeout_s = FRAME_TIMEOUT_S if self._number else START_TIMEOUT_S
        try:
            image = self._camera.capture_array("main", wait=timeout_s)
        except concurrent.futures.TimeoutError as error:
            raise SourceError(f"{self._uri} gave no frame for {timeout_s:.0f} s; check the ribbon cable") from error
        except RuntimeError as error:
            raise SourceError(f"{self._uri} failed ({error}); check the ribbon cable") from error
        frame = Frame(np.ascontiguousarray(image, np.uint8), self._clock(), self._number, self._uri)
        self._number += 1
        return frame

    def close(self) -> None:
        self._camera.close()


def _missing(spec: CsiSpec, error: Exception) -> SourceError:
    return SourceError(
        f"no camera at {spec.uri} ({error}); check the ribbon cable, 'rpicam-hello --list-cameras', "
        "and that no other program has it"
    )
