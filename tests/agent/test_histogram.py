from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.histogram import RESOLUTION, LatencyHistogram

VALUES = st.lists(st.floats(0.001, 1e5), min_size=1)


def filled(values: list[float]) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for value in values:
        histogram.add(value)
    return histogram


@pytest.mark.slow
@given(VALUES, st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_the_nearest_rank_within_the_resolution(values: list[float], share: float) -> None:
    exact = float(np.quantile(values, share, method="inverted_cdf"))
    assert filled(values).percentile(share) == pytest.approx(exact, rel=RESOLUTION)


@pytest.mark.slow
@given(VALUES, VALUES)
def test_stored_histograms_merge_into_the_same_as_one(first: list[float], second: list[float]) -> None:
    together = filled(first)
    together.merge(msgspec.msgpack.decode(msgspec.msgpack.encode(filled(second)), type=LatencyHistogram))
    assert together == filled(first + second)
