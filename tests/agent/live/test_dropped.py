"""What a run drops is explained while somebody wants to know, and only then."""

from __future__ import annotations

from agent.capture.demo import DemoSource
from agent.capture.source import Frame
from agent.capture.uri import DemoSpec
from agent.choice.choose import choose_nets
from agent.events import DroppedCandidate
from agent.explain.outcomes import OutcomeKind
from agent.live.dropped import MAX_DROPPED, WANTED_S, DroppedCandidates
from agent.live.reload import NetsInUse
from agent.live.watch import Observation, watch_region
from agent.paths import shipped_artifacts
from agent.vision.box import Box
from agent.vision.page import Page
from agent.vision.pipeline import QUICK
from profiles.board import detect_board

KINDS = {kind.title for kind in OutcomeKind} - {OutcomeKind.READ.title}


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def demo_frame() -> Frame:
    with DemoSource(DemoSpec(uri="demo:")) as source:
        frame = source.read()
    assert frame is not None
    return frame


def test_candidates_of_a_real_look_are_explained_only_while_somebody_asks() -> None:
    looks, clock = list[int](), Clock()
    dropped = DroppedCandidates(lambda: looks.append(1), clock)
    nets = NetsInUse(choose_nets(shipped_artifacts(), detect_board().profile))
    nets.take_trace = dropped.take
    frame = demo_frame()
    watch = dropped.watch(lambda frame: Observation(nets.read(frame.image, depth=QUICK), ()))
    assert watch(frame).dropped == ()
    dropped.want()
    found = watch(frame).dropped
    assert 0 < len(found) <= MAX_DROPPED
    assert {one.reason for one in found} <= KINDS
    assert all(one.box.x >= 0 and one.box.right <= frame.image.shape[1] for one in found)
    read = {digit.box for digit in nets.read(frame.image, depth=QUICK).digits}
    assert not read & {one.box for one in found}
    dropped.want()
    clock.now_s += WANTED_S + 0.1
    assert watch(frame).dropped == ()
    dropped.want()
    assert looks == [1, 1]  # a frame that stands still is looked at again


def test_boxes_stay_in_pixels_of_the_frame() -> None:
    one = DroppedCandidate(Box(1, 2, 3, 4), "too small", (0, 0, 0))
    frame = Frame(demo_frame().image, 0, 0, "demo:", region=Box(100, 50, 200, 100))
    watch = watch_region(lambda frame: Observation(Page(200, 100, (), (), {}), (), dropped=(one,)))
    assert watch(frame).dropped[0].box == Box(101, 52, 3, 4)
