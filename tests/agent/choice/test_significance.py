from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.choice.measurement import Measurement, Timing
from agent.choice.significance import ratio_bounds, spread, tied_with_best
from agent.choice.variants import Variant

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

CALM = (10.0,) * 9


def timed(linear: Linear, *blocks_us: float) -> Measurement:
    """Return a variant with the given medians of its blocks, one digit per call."""
    p50 = float(np.median(blocks_us))
    variant = Variant(linear.artifact("linear.onnx"), "onnxruntime", "", 1)
    return Measurement(variant, (Timing(1, 90, p50, p50, p50, p50, p50, tuple(blocks_us)),))


@pytest.mark.parametrize(
    ("blocks_us", "tied"),
    [
        (np.full(9, 20.0), False),
        (np.full(9, 10.1), False),
        ((9, 9, 9, 9, 13, 13, 13, 13, 13), True),
        ((3, 13, 13, 13, 13, 13, 13, 13, 13), False),
        ((3, 3, 13, 13, 13, 13, 13, 13, 13), True),
    ],
    ids=["twice as slow", "equal", "sometimes faster", "one outlier", "two outliers"],
)
def test_variant_that_may_be_better_is_tied(linear: Linear, blocks_us: tuple[float, ...], tied: bool) -> None:
    best, other = timed(linear, *CALM), timed(linear, *blocks_us)
    assert tied_with_best(best, [best, other], "latency") == ((best, other) if tied else ())


def test_common_disturbance_does_not_matter(linear: Linear) -> None:
    """The machine is three times slower for a while, for both variants."""
    busy = np.array([1, 1, 1, 3, 3, 3, 1, 1, 1])
    best, other = timed(linear, *(10 * busy)), timed(linear, *(12 * busy))
    assert tied_with_best(best, [best, other], "latency") == ()
    assert ratio_bounds(other.blocks_us_per_digit, best.blocks_us_per_digit) == pytest.approx((1.2, 1.2))


def test_only_variants_that_may_be_better_are_tied(linear: Linear) -> None:
    best, close = timed(linear, *CALM), timed(linear, 8, 8, 12, 12, 12, 12, 12, 12, 12)
    far = timed(linear, *np.full(9, 30.0))
    assert tied_with_best(best, [far, close, best], "latency") == (best, close)


def test_spread_is_half_the_range_of_the_inner_blocks(linear: Linear) -> None:
    assert spread((9, 9.5, 10, 10, 10, 10, 10, 10.5, 50)) == pytest.approx(0.05)
    assert spread((9, 10, 11)) == pytest.approx(0.1)


@given(st.integers(0, 2**32 - 1), st.floats(1.1, 3.0), st.floats(0.0, 0.5))
def test_significant_choice_is_right(seed: int, truth: float, busy: float) -> None:
    """One of two nets is slower by more than MAX_COST_RATIO; the machine is busy for half of the blocks.

    The noise of each block is common to both nets, times a small noise of each net.
    """
    from tests.agent.conftest import Linear, reference

    rng = np.random.default_rng(seed)
    machine = np.where(rng.random(9) < 0.5, 1 + 10 * busy, 1.0)
    own = rng.normal(1, 0.01, (2, 9)).clip(0.97, 1.03)
    linear = Linear({"linear.onnx": b""}, np.zeros((1, 28, 28), np.uint8), reference)
    fast, slow = timed(linear, *(10 * machine * own[0])), timed(linear, *(10 * truth * machine * own[1]))
    best, other = sorted((fast, slow), key=lambda m: m.us_per_digit)
    if not tied_with_best(best, [best, other], "latency"):
        assert best is fast
