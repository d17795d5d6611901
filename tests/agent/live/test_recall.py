from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.drawing.handwriting import draw_digit, random_handwriting
from agent.drawing.paper import apply_ink
from agent.live.recall import MAX_DIFFERENCE, MAX_RECALLED, MIN_ASKED, Recall, RecallingNet
from agent.vision.candidates import find_page_candidates
from agent.vision.context import CHANNELS, HEIGHT_PX, WIDTH_PX, cut_context
from agent.vision.ink import find_ink
from agent.vision.pipeline import QUICK, THOROUGH

Images = NDArray[np.uint8]
LOOKS = 3 * (MAX_RECALLED + 1)
PAPER, PEN = (230, 230, 230), (60, 40, 30)
"""Colours of paper and ink, BGR."""


@dataclass
class CountingNet:
    """A net whose first logit is the mean of an image; it keeps how many images each call had."""

    calls: list[int] = field(default_factory=list)

    def logits(self, images: Images) -> NDArray[np.float32]:
        self.calls.append(len(images))
        means = images.reshape(len(images), -1).mean(axis=1)[:, None] if len(images) else np.zeros((0, 1))
        return (means * np.eye(1, 11)).astype(np.float32)


@dataclass(frozen=True)
class Verified:
    classifier: CountingNet
    verifier: CountingNet | None
    recogniser: None = None


def contexts(count: int, seed: int = 0) -> Images:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, CHANNELS, HEIGHT_PX // 4, WIDTH_PX // 4))
    return coarse.repeat(4, axis=2).repeat(4, axis=3).astype(np.uint8)


def look(net: RecallingNet, *batches: Images) -> list[NDArray[np.float32]]:
    net.begin_look()
    return [net.logits(images) for images in batches]


def test_what_stays_is_asked_three_times_and_then_at_every_fifth_look() -> None:
    inner = CountingNet()
    net, images = RecallingNet(inner), contexts(20)
    for _ in range(LOOKS):
        (logits,) = look(net, images)
        np.testing.assert_array_equal(logits, CountingNet().logits(images))
    assert inner.calls[:MIN_ASKED] == [20] * MIN_ASKED
    assert inner.calls[MIN_ASKED:] == [20 // (MAX_RECALLED + 1)] * (LOOKS - MIN_ASKED)  # as many in each look


@pytest.mark.parametrize(("levels", "alike"), [(MAX_DIFFERENCE - 1, True), (MAX_DIFFERENCE + 1, False)])
def test_what_looks_alike_is_the_same_mark(levels: float, *, alike: bool) -> None:
    inner = CountingNet()
    net, images = RecallingNet(inner), contexts(4) // 2
    for _ in range(MIN_ASKED):
        look(net, images)
    (logits,) = look(net, images + np.uint8(levels))
    assert (inner.calls[-1] < 4) == alike
    assert np.allclose(logits, CountingNet().logits(images), atol=levels)


def test_differences_do_not_add_up_from_look_to_look() -> None:
    """A mark is compared with the context that the net was asked about, not with the one of the look before."""
    inner = CountingNet()
    net, images = RecallingNet(inner), contexts(1) // 2
    for step in range(LOOKS):
        brighter = images + np.uint8(3 * step)
        (logits,) = look(net, brighter)
        assert np.abs(logits - CountingNet().logits(brighter)).max() <= MAX_DIFFERENCE


def test_order_and_other_marks_do_not_matter() -> None:
    inner = CountingNet()
    net, images = RecallingNet(inner), contexts(10)
    for _ in range(MIN_ASKED):
        look(net, images)
    asked = sum(inner.calls)
    mixed = np.concatenate([contexts(2, seed=1), images[::-1]])
    (logits,) = look(net, mixed)
    np.testing.assert_array_equal(logits, CountingNet().logits(mixed))
    assert sum(inner.calls) - asked <= 2 + 10 // (MAX_RECALLED + 1)


def contexts_of_page(digits: Sequence[int], shift_px: tuple[float, float]) -> Images:
    """Return the contexts of digits that stand side by side on a page, which the camera sees shifted."""
    handwriting, page = random_handwriting(np.random.default_rng(3)), np.full((480, 640, 3), 230, np.uint8)
    for place, digit in enumerate(digits):
        apply_ink(page, draw_digit(np.random.default_rng(digit), digit, 60, handwriting), 90 + 80 * place, 200, PEN)
    move = np.array([[1, 0, shift_px[0]], [0, 1, shift_px[1]]], np.float64)
    moved = cv2.warpAffine(page, move, (640, 480), borderValue=PAPER)
    ink = find_ink(np.asarray(moved, np.uint8), QUICK.longest_px)
    found = {c.box.x: c for c in find_page_candidates(ink, 0.9) if c.box.h > 40}
    assert len(found) == len(digits)
    return cut_context(ink, [found[x] for x in sorted(found)])


@pytest.mark.parametrize("exchanged", [(3, 8), (8, 3), (1, 7), (7, 1), (4, 9), (9, 4), (0, 6), (5, 6)])
def test_of_a_moving_page_only_the_digit_that_is_exchanged_for_a_similar_one_is_asked_at_once(
    exchanged: tuple[int, int],
) -> None:
    before, after = exchanged
    inner = CountingNet()
    net = RecallingNet(inner)
    for number in range(MIN_ASKED + 1):
        look(net, contexts_of_page([2, 2, before], (3 * number, 2 * number)))
    asked = sum(inner.calls)
    assert asked <= 3 * MIN_ASKED + 1
    (logits,) = look(net, now := contexts_of_page([2, 2, after], (12.5, 8.5)))
    assert inner.calls[-1] in {1, 2}  # the other digits grow old at different looks
    np.testing.assert_array_equal(logits[2], CountingNet().logits(now)[2])


def test_a_mark_that_a_look_did_not_show_is_new() -> None:
    inner = CountingNet()
    net, images = RecallingNet(inner), contexts(5)
    for _ in range(MIN_ASKED + 1):
        look(net, images)
    look(net)
    look(net, images)
    assert inner.calls[-1] == 5


def test_a_look_may_ask_several_times_or_about_nothing() -> None:
    """Each ink of a picture is a call of its own."""
    inner = CountingNet()
    net, one, other = RecallingNet(inner), contexts(5), contexts(3, seed=1)
    for _ in range(MIN_ASKED):
        look(net, one, other, one[:0])
    assert [logits.shape for logits in look(net, other, one, one[:0])] == [(3, 11), (5, 11), (0, 11)]
    assert sum(inner.calls[-3:]) <= 2


def test_only_quick_looks_recall() -> None:
    verifier, images = CountingNet(), contexts(5)
    recall = Recall(Verified(CountingNet(), verifier))
    for depth in [QUICK] * MIN_ASKED + [THOROUGH] * 3 + [QUICK]:
        used = recall.nets(depth).verifier
        assert used is not None
        used.logits(images)
    assert verifier.calls == [5] * (MIN_ASKED + 3) + [1]


def test_without_a_verifier_nothing_is_recalled() -> None:
    nets = Verified(CountingNet(), None)
    assert Recall(nets).nets(QUICK) is nets
