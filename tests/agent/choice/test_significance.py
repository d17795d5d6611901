from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.choice.measurement import Measurement, Timing
from agent.choice.significance import in_doubt, ratio, spread
from agent.choice.variants import Variant

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

CALM = (10.0,) * 9


def timed(linear: Linear, *blocks_us: float) -> Measurement:
    """A candidate by the medians of its parts, one digit a call."""
    p50 = float(np.median(blocks_us))
    candidate = Variant(linear.artifact("linear.onnx"), "onnxruntime", "", 1)
    return Measurement(candidate, (Timing(1, 90, p50, p50, p50, p50, p50, tuple(blocks_us)),))


@pytest.mark.parametrize(
    ("blocks_us", "doubtful"),
    [
        (np.full(9, 20.0), False),
        (np.full(9, 10.1), False),
        ((9, 9, 9, 9, 13, 13, 13, 13, 13), True),
        ((3, 13, 13, 13, 13, 13, 13, 13, 13), False),
        ((3, 3, 13, 13, 13, 13, 13, 13, 13), True),
    ],
    ids=["twice as slow", "level", "now faster, now slower", "one outlier", "two outliers"],
)
def test_what_may_be_better_after_all_is_in_doubt(linear: Linear, blocks_us: tuple[float, ...], doubtful: bool) -> None:
    best, other = timed(linear, *CALM), timed(linear, *blocks_us)
    assert in_doubt(best, [best, other], "latency") == ((best, other) if doubtful else ())


def test_what_befalls_both_is_no_doubt(linear: Linear) -> None:
    """The machine was three times slower for a while, for both."""
    busy = np.array([1, 1, 1, 3, 3, 3, 1, 1, 1])
    best, other = timed(linear, *(10 * busy)), timed(linear, *(12 * busy))
    assert in_doubt(best, [best, other], "latency") == ()
    assert ratio(other.blocks_us_per_digit, best.blocks_us_per_digit) == pytest.approx((1.2, 1.2))


def test_only_those_that_may_be_better_are_doubtful(linear: Linear) -> None:
    best, close = timed(linear, *CALM), timed(linear, 8, 8, 12, 12, 12, 12, 12, 12, 12)
    far = timed(linear, *np.full(9, 30.0))
    assert in_doubt(best, [far, close, best], "latency") == (best, close)


def test_spread_is_half_the_range_of_the_inner_parts(linear: Linear) -> None:
    assert spread((9, 9.5, 10, 10, 10, 10, 10, 10.5, 50)) == pytest.approx(0.05)
    assert spread((9, 10, 11)) == pytest.approx(0.1)


@given(st.integers(0, 2**32 - 1), st.floats(1.1, 3.0), st.floats(0.0, 0.5))
def test_where_there_is_no_doubt_the_choice_keeps_its_promise(seed: int, truth: float, busy: float) -> None:
    """One of two nets is really slower by more than the promise; the machine is busy for half of the parts.

    Each part's noise is the machine's, which both meet, times a little of each net's own.
    """
    from tests.agent.conftest import Linear, reference

    rng = np.random.default_rng(seed)
    machine = np.where(rng.random(9) < 0.5, 1 + 10 * busy, 1.0)
    own = rng.normal(1, 0.01, (2, 9)).clip(0.97, 1.03)
    linear = Linear({"linear.onnx": b""}, np.zeros((1, 28, 28), np.uint8), reference)
    fast, slow = timed(linear, *(10 * machine * own[0])), timed(linear, *(10 * truth * machine * own[1]))
    best, other = sorted((fast, slow), key=lambda m: m.us_per_digit)
    if not in_doubt(best, [best, other], "latency"):
        assert best is fast
