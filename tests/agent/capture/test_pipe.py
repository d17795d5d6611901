"""Pictures on the standard input, through a real pipe."""

from __future__ import annotations

import os
import pty
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import cv2
import numpy as np
import pytest

from agent.capture.opener import open_source
from agent.capture.picture_parser import MAX_JUNK_BYTES
from agent.capture.source import NoFrameYetError, Source
from agent.capture.uri import PipeSpec, parse_source
from profiles.errors import PictureError, SourceError


def picture(grey: int, suffix: str = ".jpg") -> bytes:
    return cv2.imencode(suffix, np.full((40, 60, 3), grey, np.uint8))[1].tobytes()


JPEG = picture(200)
MULTIPART = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n"
OpenPipe = Callable[[bytes], Source]


@pytest.fixture
def open_pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPipe]:
    """Open the standard input as a source, with a pipe that another thread writes some bytes to and closes."""
    threads, files = [], []

    def open_with(content: bytes) -> Source:
        reading, writing = os.pipe()

        def write() -> None:
            with os.fdopen(writing, "wb", buffering=0) as file, suppress(BrokenPipeError):
                file.write(content)

        threads.append(threading.Thread(target=write))
        threads[-1].start()
        files.append(os.fdopen(reading))
        monkeypatch.setattr("sys.stdin", files[-1])
        return open_source(parse_source("-"))

    yield open_with
    for file in files:
        file.close()
    for thread in threads:
        thread.join()


def greys(source: Source) -> list[int]:
    return [10 * round(float(frame.image.mean()) / 10) for frame in iter(source.read, None) if frame]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(picture(200) + picture(100), id="mjpeg"),
        pytest.param(picture(200, ".png") + picture(100, ".bmp") + b"\n", id="files"),
        pytest.param(MULTIPART + picture(200) + b"\r\n" + MULTIPART + picture(100), id="multipart"),
        pytest.param(b"starting\n" + picture(200) + b"\0" * 9000 + picture(100)[:-2], id="text-padding-no-end-marker"),
    ],
)
def test_each_picture_is_a_frame(content: bytes, open_pipe: OpenPipe) -> None:
    with open_pipe(content) as source:
        assert (source.title, source.live) == ("standard input", False)
        assert greys(source) == [200, 100]
        assert source.read() is None


def test_a_damaged_picture_is_named_and_the_next_one_read(open_pipe: OpenPipe) -> None:
    lossless = JPEG.replace(b"\xff\xc0", b"\xff\xc3")  # a kind of JPEG that no decoder here knows
    with open_pipe(lossless + JPEG) as source:
        with pytest.raises(PictureError, match="standard input: picture 1 is damaged; check the program"):
            source.read()
        frame = source.read()
        assert frame is not None
        assert (frame.number, frame.source) == (1, "-")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "standard input: nothing comes; pipe pictures or MJPEG into it, such as: rpicam-vid "),
        (b"hello\n", "standard input: no picture comes; pipe pictures"),
        (b"x" * (MAX_JUNK_BYTES + 20), "standard input: no picture comes; pipe pictures"),
        (b"\0\0\0\x20ftypisom" + b"\0" * 99, "standard input: a video comes, but only pictures and MJPEG can be read"),
        (b"\0\0\0\x01\x67" + b"\x11" * 99_999, "standard input: a video comes"),
    ],
)
def test_other_content_is_named(content: bytes, message: str, open_pipe: OpenPipe) -> None:
    with open_pipe(content) as source, pytest.raises(SourceError) as caught:
        source.read()
    assert str(caught.value).startswith(message)


def test_a_silent_program_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "wb", buffering=0) as program:
        monkeypatch.setattr("sys.stdin", stdin)
        source = open_source(PipeSpec())
        for part in (b"", JPEG[:100]):
            program.write(part)
            with pytest.raises(NoFrameYetError):
                source.read()
        program.write(JPEG[100:])
        assert source.read() is not None


def test_a_terminal_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    main, terminal = pty.openpty()
    with os.fdopen(main, "wb"), os.fdopen(terminal) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        with pytest.raises(SourceError, match="no program writes to the standard input; pipe pictures"):
            open_source(PipeSpec())
