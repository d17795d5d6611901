from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.drawing.strokes import catmull_rom_with_corners


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=9, unique=True))
def test_a_spline_passes_its_points(points: list[tuple[float, float]]) -> None:
    line = catmull_rom_with_corners(np.array(points), steps=5)
    assert np.allclose(line[::5], np.array(points))


def test_a_repeated_point_is_a_corner() -> None:
    line = catmull_rom_with_corners(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0]]))
    assert np.allclose(line[line[:, 0] < 1 - 1e-9][:, 1], 0)
    assert np.allclose(line[line[:, 1] > 1e-9][:, 0], 1)
