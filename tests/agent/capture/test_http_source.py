"""Pictures and MJPEG over HTTP, from cameras on loopback with the habits of many makers."""

from __future__ import annotations

import gzip
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing

import pytest

from agent.capture.address import StreamOptions
from agent.capture.http_source import HttpSource
from agent.capture.opener import open_source
from agent.capture.picture_parser import MAX_PICTURE_BYTES
from agent.capture.source import Frame, Source
from agent.capture.uri import parse_source
from profiles.errors import SourceError
from tests.agent.capture.camera_server import (
    PICTURES,
    Behaviour,
    Visit,
    camera_server,
    encoded,
    multipart,
    number_shown,
    part,
    stream,
)

OFTEN = StreamOptions(every_s=0.05)
QUICK = StreamOptions(patience_s=0.5, every_s=0.05)
TIMEOUT_S = 60.0


def opened(address: str, options: StreamOptions = OFTEN) -> Source:
    return open_source(parse_source(address, options), clock=time.monotonic_ns)


def frames_of(source: Source, count: int) -> list[Frame]:
    found = [source.read() for _ in range(count)]
    assert None not in found
    return [frame for frame in found if frame is not None]


def chunked(size: int) -> Callable[[bytes], bytes]:
    """Return a function that makes a part in chunks of a size."""

    def make(picture: bytes) -> bytes:
        data = part(picture)
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        return b"".join(b"%x;note=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces)

    return make


def with_length(length: Callable[[int], object]) -> Callable[[bytes], bytes]:
    return lambda picture: (
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %b\r\n\r\n" % str(length(len(picture))).encode()
        + picture
        + b"\r\n"
    )


def with_type(media_type: str) -> Callable[[bytes], bytes]:
    return lambda picture: f"--frame\r\nContent-Type: {media_type}\r\n\r\n".encode() + picture + b"\r\n"


CHUNKED_HEAD = multipart("frame", "Transfer-Encoding: chunked").replace(b"1.0", b"1.1", 1)
DIALECTS: dict[str, Behaviour] = {
    "as most cameras": stream(multipart(), part),
    "boundary with dashes in the header": stream(multipart("--frame"), part),
    "boundary in quotes": stream(multipart('"frame"'), part),
    "boundary with dashes on neither side": stream(multipart(), lambda p: b"frame\r\n\r\n" + p),
    "another boundary than announced": stream(multipart("one"), lambda p: part(p, "another")),
    "boundary of one letter": stream(multipart("b"), lambda p: part(p, "b")),
    "no boundary in the header": stream(multipart().replace(b"; boundary=frame", b""), part),
    "type image/jpg": stream(multipart(), with_type("image/jpg")),
    "type text/plain": stream(multipart(), with_type("text/plain")),
    "type in odd letters": stream(multipart(), with_type("IMAGE/JPEG;x=\x01")),
    "multipart/mixed": stream(multipart().replace(b"x-mixed-replace", b"mixed"), part),
    "multipart without a subtype": stream(multipart().replace(b"/x-mixed-replace", b""), part),
    "no type at all": stream(b"HTTP/1.0 200 OK\r\n\r\n", part),
    "a still's type": stream(b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n", part),
    "no headers in a part": stream(multipart(), lambda p: b"--frame\r\n\r\n" + p + b"\r\n"),
    "no empty line before a picture": stream(multipart(), lambda p: b"--frame\r\n" + p + b"\r\n"),
    "nothing between pictures": stream(multipart(), lambda p: p),
    "line feeds only": stream(multipart().replace(b"\r", b""), lambda p: b"--frame\nContent-Length: 1\n\n" + p + b"\n"),
    "no length": stream(multipart(), with_type("image/jpeg")),
    "length too small": stream(multipart(), with_length(lambda n: n - 7)),
    "length too large": stream(multipart(), with_length(lambda n: n + 1000)),
    "length 0": stream(multipart(), with_length(lambda _: 0)),
    "length negative": stream(multipart(), with_length(lambda _: -5)),
    "length of 10 GB": stream(multipart(), with_length(lambda _: 10**10)),
    "length no number": stream(multipart(), with_length(lambda _: "many")),
    "padding after a picture": stream(multipart(), lambda p: part(p + bytes(500))),
    "a part without a picture": stream(multipart(), lambda p: b"--frame\r\nContent-Length: 2\r\n\r\nok\r\n" + part(p)),
    "text before the first part": stream(multipart() + b"This is a multipart message.\r\n", part),
    "chunks": stream(CHUNKED_HEAD, chunked(100_000)),
    "small chunks": stream(CHUNKED_HEAD, chunked(97)),
    "HTTP/1.1 that stays open": stream(multipart().replace(b"1.0", b"1.1", 1), part),
    "a cookie and a hundred headers less one": stream(multipart("frame", *["X: y"] * 98), part),
    "no end markers": stream(multipart(), lambda p: part(p.removesuffix(b"\xff\xd9"))),
    "PNG": stream(multipart(), part, ".png"),
    "WebP": stream(multipart(), part, ".webp"),
    "BMP": stream(multipart(), part, ".bmp"),
}


@pytest.mark.parametrize("behaviour", DIALECTS.values(), ids=DIALECTS)
def test_a_stream_is_read_in_every_dialect(behaviour: Behaviour) -> None:
    with camera_server(behaviour) as camera, opened(camera.url) as source:
        frames = frames_of(source, 3)
        assert source.live
        assert source.title == f"stream {camera.url}"
        assert {frame.source for frame in frames} == {camera.url}
    shown = [number_shown(frame.image) for frame in frames]
    assert shown == sorted(set(shown))
    assert shown[-1] < PICTURES
    assert [frame.number for frame in frames] == shown


def test_of_the_pictures_that_have_come_the_newest_is_read() -> None:
    everything = b"".join(part(encoded(number)) for number in range(PICTURES))

    def behave(visit: Visit) -> None:
        visit.send(multipart())
        visit.wait(0.2)
        visit.send(everything)
        visit.wait()

    with camera_server(behave) as camera, opened(camera.url) as source:
        numbers = [frames_of(source, 1)[0].number]
        while numbers[-1] < PICTURES - 1:
            numbers.append(frames_of(source, 1)[0].number)
    assert len(numbers) < PICTURES


STILLS: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "JPEG": ("image/jpeg", encoded),
    "any type": ("application/octet-stream", encoded),
    "no end marker": ("image/jpeg", lambda number: encoded(number)[:-2]),
    "PNG": ("image/png", lambda number: encoded(number, ".png")),
    "WebP": ("image/webp", lambda number: encoded(number, ".webp")),
    "BMP": ("image/bmp", lambda number: encoded(number, ".bmp")),
}


@pytest.mark.parametrize(("media_type", "make"), STILLS.values(), ids=STILLS)
@pytest.mark.parametrize("keeps_alive", [True, False])
def test_a_still_is_polled(keeps_alive: bool, media_type: str, make: Callable[[int], bytes]) -> None:
    numbers = iter(range(PICTURES))

    def behave(visit: Visit) -> None:
        picture = make(next(numbers))
        if keeps_alive:
            visit.answer("200 OK", f"Content-Type: {media_type}", body=picture)
        else:
            visit.send(f"HTTP/1.0 200 OK\r\nContent-Type: {media_type}\r\n\r\n".encode(), picture)

    with camera_server(behave) as camera, opened(camera.url) as source:
        frames = frames_of(source, 4)
        assert camera.connections == (1 if keeps_alive else 4)
    assert [number_shown(frame.image) for frame in frames] == [0, 1, 2, 3]
    assert [frame.number for frame in frames] == [0, 1, 2, 3]


def test_a_still_is_asked_for_at_its_interval() -> None:
    with (
        camera_server(lambda visit: visit.answer("200 OK", body=encoded(1))) as camera,
        opened(camera.url, StreamOptions(every_s=0.3)) as source,
    ):
        started = time.monotonic()
        frames_of(source, 4)
        assert time.monotonic() - started >= 3 * 0.3 - 0.05
        assert len(camera.requests) == 4


def test_a_stream_can_be_left_after_each_picture() -> None:
    def behave(visit: Visit) -> None:
        visit.send(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n")
        for _ in range(PICTURES):
            picture = encoded(len(camera.requests))
            visit.send(b"--b\r\nContent-Type: image/jpeg\r\n\r\n", picture, b"\r\n")
            visit.wait(0.02)
        visit.wait()

    with (
        camera_server(behave) as camera,
        opened(camera.url, StreamOptions(every_s=0.2, one_each=True)) as source,
    ):
        frames = frames_of(source, 3)
    assert [number_shown(frame.image) for frame in frames] == [1, 2, 3]
    assert frames[2].captured_ns - frames[0].captured_ns >= 0.3e9


@pytest.mark.parametrize(
    ("given", "asked"), [("ETag", "if-none-match"), ("Last-Modified", "if-modified-since"), ("X-None", "")]
)
def test_a_still_that_has_not_changed_is_neither_sent_nor_decoded_again(given: str, asked: str) -> None:
    def behave(visit: Visit) -> None:
        number = len(camera.requests) // 4
        if visit.request.headers.get(asked) == f"version {number}":
            visit.answer("304 Not Modified")
        else:
            visit.answer("200 OK", f"{given}: version {number}", body=encoded(number))

    with camera_server(behave) as camera, opened(camera.url) as source:
        frames = frames_of(source, 7)
    assert [number_shown(frame.image) for frame in frames] == [0, 0, 0, 1, 1, 1, 1]
    assert frames[1].image is frames[2].image
    assert frames[4].image is frames[5].image
    times = [frame.captured_ns for frame in frames]
    assert times == sorted(set(times))


@pytest.mark.parametrize("ending", ["closes", "resets", "is busy", "lets one picture be damaged"])
def test_a_camera_that_fails_once_is_asked_again(ending: str) -> None:
    def behave(visit: Visit) -> None:
        number = len(camera.requests)
        if number % 3 != 2:
            visit.answer("200 OK", body=encoded(number))
        elif ending == "is busy":
            visit.answer("503 Busy")
        elif ending == "lets one picture be damaged":
            visit.answer("200 OK", body=encoded(number)[:400])
        elif ending == "resets":
            visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")

    with camera_server(behave) as camera, opened(camera.url) as source:
        frames = frames_of(source, 5)
    assert [number_shown(frame.image) for frame in frames] == [1, 3, 4, 6, 7]


def test_a_stream_that_ends_is_asked_for_again() -> None:
    def behave(visit: Visit) -> None:
        visit.send(multipart())
        for number in range(2):
            visit.send(part(encoded(2 * len(camera.requests) + number)))
            time.sleep(0.05)

    with camera_server(behave) as camera, opened(camera.url) as source:
        frames = frames_of(source, 6)
    assert [number_shown(frame.image) for frame in frames] == [2, 3, 4, 5, 6, 7]


def test_a_slow_camera_is_waited_for() -> None:
    def behave(visit: Visit) -> None:
        visit.send(multipart())
        for number in range(3):
            visit.send(part(encoded(number)))
            visit.wait(1.0)

    with camera_server(behave) as camera, opened(camera.url, StreamOptions(patience_s=30)) as source:
        assert [number_shown(frame.image) for frame in frames_of(source, 3)] == [0, 1, 2]


def drip(visit: Visit, data: bytes) -> None:
    """Send a byte at a time, so slowly that no timeout of a socket ever passes."""
    for byte in data:
        visit.send(bytes([byte]))
        visit.wait(0.1)


def forever(data: bytes, start: bytes = b"") -> Behaviour:
    def behave(visit: Visit) -> None:
        visit.send(start)
        while not visit.ended.is_set():
            visit.send(data)

    return behave


def sent_then_silent(*data: bytes) -> Behaviour:
    def behave(visit: Visit) -> None:
        visit.send(*data)
        visit.wait()

    return behave


SILENT = {
    "never answers": sent_then_silent(),
    "answers, and sends nothing": sent_then_silent(multipart()),
    "stops in a header": sent_then_silent(b"HTTP/1.1 200 OK\r\nConten"),
    "stops in a picture": sent_then_silent(multipart(), part(encoded(1))[:300]),
    "stops after a length of 10 GB": sent_then_silent(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n"),
    "stops in a chunk's length": sent_then_silent(CHUNKED_HEAD, b"1"),
    "drips a header": lambda visit: drip(visit, multipart() * 100),
    "drips headers": lambda visit: drip(visit, b"HTTP/1.0 200 OK\r\n" + b"A: b\r\n" * 90),
    "drips a picture": lambda visit: drip(visit, multipart() + part(encoded(1)) * 9),
    "drips a chunk's length": lambda visit: drip(visit, CHUNKED_HEAD + b"0" * 1000),
    "drips redirects": lambda visit: drip(
        visit, b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 9999\r\n\r\n" * 9
    ),
    "goes on with 100 Continue": lambda visit: drip(visit, b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
}


@pytest.mark.parametrize("behaviour", SILENT.values(), ids=SILENT)
def test_the_time_until_the_first_picture_is_limited(behaviour: Behaviour) -> None:
    with camera_server(behaviour) as camera:
        started = time.monotonic()
        with pytest.raises(SourceError, match=r"gave no picture for 0\.5 s; check the network .* raise --patience"):
            opened(camera.url, QUICK)
        assert 0.4 < time.monotonic() - started < TIMEOUT_S / 3


@pytest.mark.parametrize("how", ["stops", "drips", "damages", "sends other things"])
def test_the_time_between_two_pictures_is_limited(how: str) -> None:
    def behave(visit: Visit) -> None:
        visit.send(multipart(), part(encoded(1)))
        visit.wait(0.2)
        if how == "drips":
            drip(visit, part(encoded(2)))
        while how == "damages" and not visit.ended.is_set():
            visit.send(part(encoded(2)[:-200] + b"\xff\xd9"))
            visit.wait(0.01)
        while how == "sends other things" and not visit.ended.is_set():
            visit.send(b"--frame\r\n\r\nalive\r\n")
            visit.wait(0.2)
        visit.wait()

    with camera_server(behave) as camera, opened(camera.url, StreamOptions(patience_s=3)) as source:
        assert number_shown(frames_of(source, 1)[0].image) == 1
        message = r"sends damaged pictures, \d+ in a row" if how == "damages" else "gave no picture for"
        with pytest.raises(SourceError, match=message):
            frames_of(source, 1)


BOUNDLESS: dict[str, tuple[Behaviour, str]] = {
    "headers": (forever(b"X-A: " + b"a" * 4000 + b"\r\n", b"HTTP/1.0 200 OK\r\n"), "does not answer in HTTP"),
    "a header": (forever(b"a" * 65536, b"HTTP/1.0 200 OK\r\nX-A: "), "does not answer in HTTP"),
    "a status line": (forever(b"a" * 65536), "does not answer in HTTP"),
    "a part": (
        forever(bytes(2**20), multipart() + part(encoded(1))[:300]),
        f"sends a picture of more than {MAX_PICTURE_BYTES >> 20} MiB",
    ),
    "a part of 10 GB": (
        forever(b"ab" * 2**19, multipart() + b"--frame\r\nContent-Length: 10000000000\r\n\r\n" + encoded(1)[:300]),
        "sends a picture of more than",
    ),
    "a still of 10 GB": (
        forever(b"ab" * 2**19, b"HTTP/1.0 200 OK\r\nContent-Length: 10000000000\r\n\r\n" + encoded(1)[:300]),
        "sends a picture of more than",
    ),
    "a PNG": (
        forever(b"ab" * 2**19, multipart() + encoded(1, ".png")[:8] + b"\x7f\xff\xff\xffIDAT"),
        "sends a picture of more than",
    ),
    "part headers": (forever(b"X: " + b"a" * 500 + b"\r\n", multipart() + b"--frame\r\n"), "without a JPEG"),
    "boundaries": (forever(b"--frame\r\n\r\n", multipart()), "without a JPEG"),
    "zeros": (
        forever(bytes(2**16), b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n"),
        "gives video/mp2t without",
    ),
    "a chunk's length": (forever(b"1" * 65536, CHUNKED_HEAD), "does not answer in HTTP"),
    "a page": (forever(b"<html>" * 10_000, b"HTTP/1.0 200 OK\r\n\r\n"), "is a web page"),
}


@pytest.mark.parametrize(("behaviour", "message"), BOUNDLESS.values(), ids=BOUNDLESS)
def test_what_has_no_end_takes_bounded_memory(behaviour: Behaviour, message: str) -> None:
    with camera_server(behaviour) as camera:
        tracemalloc.start()
        try:
            with pytest.raises(SourceError, match=message):
                opened(camera.url, StreamOptions(patience_s=TIMEOUT_S))
            assert tracemalloc.get_traced_memory()[1] < 3 * MAX_PICTURE_BYTES
        finally:
            tracemalloc.stop()


def test_compressed_answers_are_refused() -> None:
    bomb = gzip.compress(bytes(20_000_000))
    with (
        camera_server(lambda visit: visit.answer("200 OK", "Content-Encoding: gzip", body=bomb)) as camera,
        pytest.raises(SourceError, match="sends gzip data, although that was not asked for"),
    ):
        opened(camera.url)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    small = encoded(1)
    at = small.index(b"\xff\xc0")
    large = small[: at + 5] + (30_000).to_bytes(2, "big") * 2 + small[at + 9 :]
    with (
        camera_server(lambda visit: visit.answer("200 OK", body=large)) as camera,
        pytest.raises(SourceError, match=r"sends a picture of .*pixels, more than this board can hold"),
    ):
        opened(camera.url)


@pytest.mark.parametrize("waits_for", ["a picture", "its turn"])
def test_a_read_that_waits_can_be_interrupted(waits_for: str) -> None:
    def behave(visit: Visit) -> None:
        if waits_for == "its turn":
            visit.answer("200 OK", body=encoded(1))
        else:
            visit.send(multipart(), part(encoded(1)))
            visit.wait()

    with camera_server(behave) as camera, opened(camera.url, StreamOptions(TIMEOUT_S, TIMEOUT_S)) as source:
        frames_of(source, 1)
        timer = threading.Timer(0.3, source.interrupt)
        timer.start()
        started = time.monotonic()
        assert source.read() is None
        assert time.monotonic() - started < TIMEOUT_S / 3
        timer.join()


def test_nothing_is_left_open_after_close() -> None:
    with camera_server(stream(multipart(), part)) as camera:
        before = threading.active_count()
        for _ in range(5):
            with closing(opened(camera.url)) as source:
                assert isinstance(source, HttpSource)
                frames_of(source, 2)
        deadline = time.monotonic() + TIMEOUT_S
        while sum(t.name == "deadline" for t in threading.enumerate()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not [t for t in threading.enumerate() if t.name == "deadline"]
        assert threading.active_count() <= before + 5  # the threads of the camera
