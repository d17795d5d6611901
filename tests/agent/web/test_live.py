"""The live page: pictures and events of a run, for those who look, at no cost for the run."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from decimal import Decimal

import cv2
import numpy as np
import pytest
import uvicorn

from agent.capture.outage import Outage
from agent.events import Counts, DroppedCandidate, FaultEvent, FrameEvent, OutageEvent, Sighting, Vitals
from agent.forms.record import Record, RecordField
from agent.vision.box import Box
from agent.vision.digits import Digit
from agent.vision.lines import Reading
from agent.vision.overlay import READ_RGB
from agent.vision.page import Page
from agent.web import layers, streams
from agent.web.address import WebAddress, listen
from agent.web.live_view import KEPT_READINGS, MAX_VIEWERS, LiveView
from agent.web.server import ServerThread
from tests.agent.web.conftest import INFO, MARKUP, Site
from tests.waiting import wait_until

GREY_RGB = (90, 90, 90)


def make_event(number: int, text: str = "42", width: int = 320) -> FrameEvent:
    digit = Digit(4, 0.95, Box(100, 80, 40, 60))
    reading = Reading(text, digit.box, 0.95, (digit,))
    return FrameEvent(
        number=number,
        source="demo:",
        image=np.full((240, width, 3), 200, np.uint8),
        page=Page(width, 240, (digit,), (reading,), {}),
        announced=(reading,),
        latency_ms={"total": 12.5},
        finished_ns=number * 100_000_000,
        counts=Counts(number + 1, 0, number + 1, 1),
        vitals=Vitals(0, power_mw=2500.0, temperature_c=51.0, throttling=()),
    )


@pytest.fixture
def view() -> LiveView:
    return LiveView(lambda: INFO)


def open_stream(site: Site, path: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", site.port), timeout=60)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def read_until(client: socket.socket, end: bytes) -> bytes:
    content = b""
    while end not in content:
        content += client.recv(65536)
    return content


def test_the_picture_has_the_readings_on_it(view: LiveView, serve: Callable[..., Site]) -> None:
    site = serve(live=view)
    assert site.ask("/frame.jpg").status == 503
    view.take(make_event(0))
    with open_stream(site, "/frame.mjpg") as client:
        content = read_until(client, b"\xff\xd9")
    jpeg = content[content.index(b"\xff\xd8") :]
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (240, 320, 3)
    assert abs(int(picture[20, 20, 1]) - 200) < 5
    assert picture[80:140, 99:102, 2].min() < 100  # the box, which has no red
    assert site.ask("/frame.jpg").headers["content-type"] == "image/jpeg"


def test_a_large_picture_is_made_smaller(view: LiveView, serve: Callable[..., Site]) -> None:
    view.take(make_event(0, width=4 * layers.MAX_SIDE_PX))
    with open_stream(serve(live=view), "/frame.jpg") as client:
        content = read_until(client, b"\xff\xd9")
    picture = cv2.imdecode(np.frombuffer(content[content.index(b"\xff\xd8") :], np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[:2] == (60, layers.MAX_SIDE_PX)


def test_pictures_are_encoded_once_for_all_and_only_if_somebody_looks(
    monkeypatch: pytest.MonkeyPatch, view: LiveView, serve: Callable[..., Site]
) -> None:
    encoded = list[int]()

    def encode(frame: FrameEvent, names: frozenset[str]) -> bytes:
        encoded.append(frame.number)
        return layers.encode_frame(frame, names)

    monkeypatch.setattr(streams, "encode_frame", encode)
    site = serve(live=view)
    for number in range(50):
        view.take(make_event(number))
    assert site.ask("/readings").status == 200
    assert encoded == []
    with ExitStack() as cleanup:
        clients = [cleanup.enter_context(open_stream(site, "/frame.mjpg")) for _ in range(5)]
        for client in clients:
            read_until(client, b"\xff\xd9")
        assert encoded == [49]


def test_a_new_frame_is_sent_soon_to_all_and_a_viewer_that_leaves_ends_nobody_else_s_wait(
    view: LiveView, serve: Callable[..., Site]
) -> None:
    site = serve(live=view)
    with ExitStack() as cleanup:
        clients = [cleanup.enter_context(open_stream(site, "/frame.mjpg")) for _ in range(3)]
        for number in range(4):
            view.take(make_event(number))
            for client in clients:
                read_until(client, b"\xff\xd9")
            if number == 1:
                clients.pop().close()


def test_one_thread_draws_for_all(monkeypatch: pytest.MonkeyPatch, view: LiveView, serve: Callable[..., Site]) -> None:
    """OpenCV 5 loads its font for each thread that writes."""
    threads = set[int]()

    def encode(frame: FrameEvent, names: frozenset[str]) -> bytes:
        threads.add(threading.get_ident())
        return layers.encode_frame(frame, names)

    monkeypatch.setattr(streams, "encode_frame", encode)
    site = serve(live=view)
    view.take(make_event(0))
    names = ("", "read", "ink", "waiting", "read,ink", "read,waiting")
    with ExitStack() as cleanup:
        clients = [cleanup.enter_context(open_stream(site, f"/frame.mjpg?layers={one}")) for one in names]
        for client in clients:
            read_until(client, b"\xff\xd9")
    assert len(threads) == 1


@pytest.mark.parametrize(
    ("names", "drawn"),
    [
        ("", set()),
        ("read", {"green"}),
        ("waiting", {"orange"}),
        ("ink", {"purple"}),
        ("dropped", {"grey"}),
        ("read,waiting,ink", {"green", "orange", "purple"}),
    ],
)
def test_each_layer_is_drawn_if_it_is_wanted(
    view: LiveView, serve: Callable[..., Site], names: str, drawn: set[str]
) -> None:
    event = make_event(0)
    assert event.image is not None
    event.image[150:156, 20:80] = 10  # ink
    waiting = replace(event.announced[0], box=Box(200, 150, 60, 30))
    dropped = DroppedCandidate(Box(250, 40, 30, 30), "rejected by the classifier", GREY_RGB)
    view.take(replace(event, sightings=(Sighting(waiting, "2 more looks"),), dropped=(dropped,)))
    with open_stream(serve(live=view), f"/frame.jpg?layers={names}") as client:
        content = read_until(client, b"\xff\xd9")
    picture = cv2.imdecode(np.frombuffer(content[content.index(b"\xff\xd8") :], np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    places = {
        "green": (110, 101, READ_RGB),
        "orange": (165, 201, layers.WAITING_RGB),
        "purple": (153, 50, layers.INK_RGB),
        "grey": (55, 250, GREY_RGB),
    }
    near = {name for name, (y, x, rgb) in places.items() if np.abs(picture[y, x, ::-1] - np.array(rgb)).max() < 60}
    assert near == drawn


def test_the_run_is_asked_what_it_drops_only_if_somebody_looks_at_it(serve: Callable[..., Site]) -> None:
    asked = list[str]()
    view = LiveView(lambda: INFO, lambda: asked.append("dropped"))
    view.take(make_event(0))
    site = serve(live=view)
    site.ask("/frame.jpg?layers=read,waiting,ink")
    assert asked == []
    site.ask("/frame.jpg?layers=read,dropped")
    assert asked == ["dropped"]


def test_an_unknown_layer_is_refused(view: LiveView, serve: Callable[..., Site]) -> None:
    view.take(make_event(0))
    site = serve(live=view)
    for path in ("/frame.jpg", "/frame.mjpg"):
        answer = site.ask(f"{path}?layers=read,{MARKUP}")
        assert (answer.status, "choose among read, waiting, dropped, ink" in answer.text) == (400, True)


def test_readings_and_the_state_come_as_events(view: LiveView, serve: Callable[..., Site]) -> None:
    view.take(make_event(0, "1"))
    with open_stream(serve(live=view), "/api/v1/events") as client:
        content = read_until(client, b"event: status")
        view.take(make_event(1, MARKUP))
        view.take(FaultEvent("the camera failed"))
        view.take(OutageEvent(Outage(3.0, 1.0, "no camera")))
        while b'"outage":"no camera"' not in content or content.count(b"event: reading") < 2:
            content += client.recv(65536)
    events = [json.loads(line[6:]) for line in content.decode().splitlines() if line.startswith("data: ")]
    readings = [event for event in events if "number" in event]
    assert [(one["number"], one["text"]) for one in readings] == [(1, "1"), (2, MARKUP)]
    status = next(event for event in reversed(events) if "outage" in event)
    assert (status["latency_ms"], status["power_mw"], status["temperature_c"]) == (12.5, 2500.0, 51.0)
    assert (status["fault"], status["frames"], status["frames_per_s"]) == ("the camera failed", 2, 10.0)


def test_a_record_of_a_sheet_is_an_event(view: LiveView, serve: Callable[..., Site]) -> None:
    fields = (
        RecordField("total", Decimal("12.50"), "12.50", "12.50", 0.97, (), ()),
        RecordField("day", None, "31.02.26", "31.02.26", 0.95, ("there is no such day",), ()),
    )
    view.take(replace(make_event(0), announced=(), records=(Record("delivery", fields),), form_note="it lies still"))
    with open_stream(serve(live=view), "/api/v1/events") as client:
        content = read_until(client, b"missed_readings")
    events = [json.loads(line[6:]) for line in content.decode().splitlines() if line.startswith("data: ")]
    assert events[0]["form"] == "delivery"
    assert events[0]["fields"] == [
        {"name": "total", "value": "12.50", "sure": True},
        {"name": "day", "value": "", "sure": False},
    ]
    assert view.status().form_note == "it lies still"


def test_what_a_stream_missed_is_counted_and_the_memory_is_bounded(view: LiveView) -> None:
    view.take(make_event(0))
    assert [reading.number for reading in view.readings_after(0)] == [1]
    for number in range(3 * KEPT_READINGS):
        view.take(make_event(number))
    assert [reading.number for reading in view.readings_after(1)] == list(
        range(2 * KEPT_READINGS + 2, 3 * KEPT_READINGS + 2)
    )
    assert view.status().missed_readings == 2 * KEPT_READINGS


def test_too_many_streams_are_refused_and_their_end_makes_room(view: LiveView, serve: Callable[..., Site]) -> None:
    view.take(make_event(0))
    site = serve(live=view)
    with ExitStack() as cleanup:
        for _ in range(MAX_VIEWERS):
            read_until(cleanup.enter_context(open_stream(site, "/frame.mjpg")), b"\xff\xd9")
        assert [site.ask(path).status for path in ("/frame.mjpg", "/api/v1/events")] == [503, 503]
        assert site.ask("/readings").status == 200
    view.take(make_event(1))
    wait_until(lambda: not view.is_full)


def test_a_viewer_that_reads_nothing_delays_neither_the_run_nor_others(
    view: LiveView, serve: Callable[..., Site]
) -> None:
    site, ended = serve(live=view), threading.Event()
    noise = np.random.default_rng(1).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    event = replace(make_event(0), image=noise)

    def run() -> None:
        number = 0
        while not ended.wait(0.02):
            view.take(replace(event, number=number))
            number += 1

    thread = threading.Thread(target=run)
    thread.start()
    with open_stream(site, "/frame.mjpg"), open_stream(site, "/frame.mjpg") as reader:
        for _ in range(5):
            read_until(reader, b"\xff\xd9")
    ended.set()
    thread.join()
    assert view.frame is not None
    assert view.frame.number > 10


def test_streams_end_with_the_run(view: LiveView, serve: Callable[..., Site]) -> None:
    view.take(make_event(0))
    with open_stream(serve(live=view), "/api/v1/events") as client:
        read_until(client, b"event: status")
        view.close()
        wait_until(lambda: client.recv(65536) == b"")


def test_the_start_page_is_live_only_beside_a_run(view: LiveView, serve: Callable[..., Site]) -> None:
    assert "/frame.mjpg" in serve(live=view).ask("/").text
    answer = serve().ask("/")
    assert (answer.status, answer.headers["location"]) == (303, "/readings")
    assert serve().ask("/frame.jpg").status == 404


def test_a_server_that_crashes_is_one_warning_and_the_run_goes_on(
    view: LiveView, caplog: pytest.LogCaptureFixture
) -> None:
    class CrashingServer(uvicorn.Server):
        def run(self, sockets: list[socket.socket] | None = None) -> None:
            raise MemoryError

    async def app(*_: object) -> None: ...

    with closing(listen(WebAddress("127.0.0.1", 0))) as listener:
        thread = ServerThread(CrashingServer(uvicorn.Config(app)), listener)
        wait_until(lambda: bool(caplog.records))
        view.take(make_event(0))
        thread.close()
    assert caplog.records[0].getMessage().startswith("the web page stopped")
    assert view.status().frames == 1
