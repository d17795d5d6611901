"""Pictures on the standard input, one after the other: files, or the MJPEG of another program."""

from __future__ import annotations

import os
import select
import sys
from collections import deque
from collections.abc import Callable

from agent.capture.file_kind import VIDEOS
from agent.capture.limits import TooLargeError
from agent.capture.picture_file import decode_picture
from agent.capture.picture_parser import MAX_JUNK_BYTES, MAX_PICTURE_BYTES, PictureParser
from agent.capture.source import Frame, NoFrameYetError, Source
from agent.capture.uri import PipeSpec
from agent.vision.pixels import Pixels
from profiles.errors import PictureError, SourceError

READ_BYTES = 65_536
"""Bytes that are read at once: what a pipe holds. Raising it has no effect."""
WAIT_S = 0.5
"""Longest wait for bytes, in seconds. The run stops only between two waits, so raising it delays the stop."""
TITLE = "standard input"
EXAMPLE = "pipe pictures or MJPEG into it, such as: rpicam-vid -t 0 --codec mjpeg -o - | digit-agent run --source -"


class PipeSource(Source):
    """The pictures of the standard input, each of them; a program that writes faster than this one reads has to wait.

    Raises:
        SourceError: the standard input is a terminal, or there is none.
    """

    live = False
    title = TITLE

    def __init__(self, spec: PipeSpec, clock: Callable[[], int]) -> None:
        if sys.stdin is None or sys.stdin.isatty():
            raise SourceError(f"no program writes to the {TITLE}", advice=EXAMPLE)
        self._file, self._uri, self._clock = sys.stdin.fileno(), spec.uri, clock
        self._parser, self._pictures = PictureParser(), deque[bytes]()
        self._ended, self._number = False, 0

    def read(self) -> Frame | None:
        while not self._pictures:
            if self._ended:
                return None
            self._take_bytes()
        number, self._number = self._number, self._number + 1
        return Frame(self._decode(self._pictures.popleft(), number), self._clock(), number, self._uri)

    def close(self) -> None:
        self._pictures.clear()
        self._ended = True

    def _take_bytes(self) -> None:
        """Wait for the next bytes, and find the complete pictures in them.

        Raises:
            NoFrameYetError: nothing came in time.
            SourceError: the bytes are not pictures.
        """
        if not select.select([self._file], [], [], WAIT_S)[0]:
            raise NoFrameYetError
        data = os.read(self._file, READ_BYTES)
        self._pictures += self._parser.feed(data)
        if not data:
            self._ended = True
            self._pictures += filter(None, [self._parser.finish()])
        self._check(self._parser)

    def _check(self, parser: PictureParser) -> None:
        if parser.picture_bytes > MAX_PICTURE_BYTES:
            raise SourceError(f"{TITLE}: a picture is longer than {MAX_PICTURE_BYTES >> 20} MiB", advice=EXAMPLE)
        nothing = self._ended and not self._number and not self._pictures
        if parser.junk_bytes <= MAX_JUNK_BYTES and not nothing:
            return
        if VIDEOS.match(parser.head):
            raise SourceError(
                f"{TITLE}: a video comes, but only pictures and MJPEG can be read there",
                advice="save the video as a file, or convert it: ffmpeg -i - -f mjpeg - | digit-agent run --source -",
            )
        raise SourceError(f"{TITLE}: {'no picture' if parser.head else 'nothing'} comes", advice=EXAMPLE)

    def _decode(self, content: bytes, number: int) -> Pixels:
        try:
            return decode_picture(content)
        except TooLargeError as error:
            message, advice = f"has {error.size}, more than this board can hold", "make it smaller"
        except Exception:  # noqa: BLE001 - of many kinds
            message, advice = "is damaged", "check the program that writes it"
        raise PictureError(f"{TITLE}: picture {number + 1} {message}", advice=advice)
