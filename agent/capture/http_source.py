"""A camera in the network that gives pictures over HTTP: one for each request (a still), or many (MJPEG).

Both are the same here: a request gives one or more pictures, and after its end the next request follows. So a still is
polled, a camera that ends its stream from time to time goes on, and nothing but a picture counts as success.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse

from agent.capture.address import StreamSpec
from agent.capture.deadline import Deadline
from agent.capture.http_client import NOT_MODIFIED, HttpClient
from agent.capture.http_errors import content_error, shorten
from agent.capture.limits import TooLargeError
from agent.capture.picture_file import decode_picture
from agent.capture.picture_parser import MAX_JUNK_BYTES, MAX_PICTURE_BYTES, PictureParser
from agent.capture.source import Frame, Source
from agent.vision.pixels import Pixels
from profiles.errors import SourceError

READ_BYTES = 262_144
"""Largest number of bytes that are taken at once. Of the pictures among them only the newest is decoded, so that a slow
board does not fall behind a fast camera. Raising it lets more pictures be skipped at once."""
MIN_INTERVAL_S = 0.05
"""Shortest time between two requests, in seconds, so that a camera that fails at once is not asked without a pause."""


class HttpSource(Source):
    """The pictures of a camera in the network.

    A picture that has not changed gives a frame with the same array as before.

    Args:
        spec: the camera.
        clock: returns the time in nanoseconds; stamps the frames.

    Raises:
        SourceError: the camera gives no picture.
    """

    live = True

    def __init__(self, spec: StreamSpec, clock: Callable[[], int]) -> None:
        self.title, self.silence_timeout_s = spec.title, spec.silence_timeout_s
        self._spec, self._clock = spec, clock
        self._deadline, self._stopped = Deadline(), threading.Event()
        self._client = HttpClient(spec, self._deadline)
        self._validators: dict[str, str] = {}
        self._content, self._is_still = b"", False
        self._image: Pixels | None = None
        self._number = 0
        self._next_request_s = -math.inf
        self._pictures: Iterator[bytes] = iter(())
        try:
            self._first = self._next_frame(patience_s=0)
        except BaseException:
            self.close()
            raise

    def read(self) -> Frame | None:
        frame, self._first = self._first, None
        return frame or self._next_frame(self._spec.options.patience_s)

    def close(self) -> None:
        self.interrupt()
        self._client.close()

    def interrupt(self) -> None:
        self._stopped.set()
        self._deadline.close()

    def _next_frame(self, patience_s: float) -> Frame | None:
        """Return the next good picture; None after an interrupt. A failure is raised only after `patience_s`."""
        since_s, damaged = time.monotonic(), 0
        self._deadline.set(self._spec.options.patience_s)
        while not self._stopped.is_set():
            try:
                content = next(self._pictures, None)
                if content is None:
                    self._wait_for_turn()
                    self._pictures = self._request()
                    continue
                number, self._number = self._number, self._number + 1
                if (image := self._decode(content)) is not None:
                    self._deadline.set(math.inf)
                    return Frame(image, self._clock(), number, self._spec.uri)
                damaged += 1
                if time.monotonic() - since_s >= self._spec.options.patience_s:
                    raise self._damage(damaged)
            except SourceError as error:
                if time.monotonic() - since_s >= patience_s and not self._stopped.is_set():
                    raise (self._damage(damaged) if damaged else error) from error
        return None

    def _damage(self, count: int) -> SourceError:
        return SourceError(
            f"{self._spec.uri} sends damaged pictures, {count} in a row",
            advice="check the network and the camera; set it to a smaller picture",
        )

    def _wait_for_turn(self) -> None:
        self._deadline.set(math.inf)
        self._stopped.wait(max(0.0, self._next_request_s - time.monotonic()))
        self._next_request_s = time.monotonic() + max(MIN_INTERVAL_S, self._spec.options.every_s)

    def _request(self) -> Iterator[bytes]:
        """Yield the pictures of one request; of those that have come at once only the newest.

        Raises:
            SourceError: the request fails, or gives no picture, or no more within the time limit.
        """
        self._deadline.set(self._spec.options.patience_s)
        response = self._client.get(self._validators)
        if response.status == NOT_MODIFIED:
            yield self._content
            return
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self._check_encoding(response.headers.get("Content-Encoding", ""))
        is_single = response.length is not None and not media_type.startswith("multipart/")
        parser, count, last = PictureParser(), 0, b""
        while not (is_single and count) and (data := self._read(response)):
            pictures = parser.feed(data)
            self._check_bounds(parser, media_type)
            if pictures:
                count += len(pictures)
                self._number += len(pictures) - 1
                self._is_still = self._is_still and count == 1
                last = pictures[-1]
                yield last
                if self._spec.options.one_each and not is_single:
                    self._client.close()
                    return
        if count == 0 and (last := parser.finish()):
            count = 1
            yield last
        if count == 0:
            raise content_error(self._spec.uri, media_type, parser.head)
        self._is_still = count == 1
        self._validators = _validators(response) if self._is_still and last == self._content else {}

    def _read(self, response: HTTPResponse) -> bytes:
        """Return the next bytes; none at the end of the response."""
        try:
            data = response.read1(READ_BYTES)
        except (OSError, HTTPException) as error:
            raise self._client.error(error) from error
        except ValueError as error:  # the length of a chunk is not a number
            raise self._client.error(HTTPException()) from error
        if not data and self._deadline.passed:
            raise self._client.error(TimeoutError())
        return data

    def _check_encoding(self, encoding: str) -> None:
        if encoding.strip().lower() not in ("", "identity"):
            raise SourceError(
                f"{self._spec.uri} sends {shorten(encoding)} data, although that was not asked for",
                advice="switch the compression of answers off in the camera's settings",
            )

    def _check_bounds(self, parser: PictureParser, media_type: str) -> None:
        if parser.picture_bytes > MAX_PICTURE_BYTES:
            raise SourceError(
                f"{self._spec.uri} sends a picture of more than {MAX_PICTURE_BYTES >> 20} MiB",
                advice="set the camera to a smaller picture",
            )
        if parser.junk_bytes > MAX_JUNK_BYTES:
            raise content_error(self._spec.uri, media_type, parser.head)

    def _decode(self, content: bytes) -> Pixels | None:
        """Return a picture as BGR, or None if it is damaged. A still that has not changed is not decoded again."""
        if self._is_still and self._image is not None and content == self._content:
            return self._image
        try:
            image = decode_picture(content)
        except TooLargeError as error:
            raise SourceError(
                f"{self._spec.uri} sends a picture of {error.size}, more than this board can hold",
                advice="set the camera to a smaller picture",
            ) from error
        except Exception:  # noqa: BLE001 - of many kinds
            return None
        self._content, self._image = content, image
        return image


def _validators(response: HTTPResponse) -> dict[str, str]:
    """Return the headers that ask the camera for a picture only if it is not this one."""
    names = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
    return {ask: value for name, ask in names.items() if (value := response.headers.get(name))}
