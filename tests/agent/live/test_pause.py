from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from agent.capture.source import Frame
from agent.live.pause import Pause


def frames(count: int) -> Iterator[Frame]:
    for number in range(count):
        yield Frame(np.zeros((1, 1, 3), np.uint8), 0, number, "test")


def test_no_frame_comes_while_the_run_is_paused() -> None:
    pause = Pause(threading.Event())
    held = pause.hold(frames(3))
    first = next(held)
    assert first is not None
    assert first.number == 0
    pause.toggle()
    assert [next(held) for _ in range(3)] == [None] * 3
    pause.toggle()
    assert [frame and frame.number for frame in held] == [1, 2]


def test_a_stop_ends_a_pause() -> None:
    stop = threading.Event()
    pause = Pause(stop)
    pause.toggle()
    held = pause.hold(frames(2))
    next(held)
    assert next(held) is None
    stop.set()
    last = next(held)
    assert last is not None
    assert last.number == 1
