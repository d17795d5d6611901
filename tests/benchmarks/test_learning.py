"""The plot of errors over corrections."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from benchmarks.learning.plot import errors_plot

SVG = "{http://www.w3.org/2000/svg}"


def test_fewer_errors_are_drawn_lower() -> None:
    picture = ET.fromstring(errors_plot((0, 20, 100), {"numbers": (0.1, 0.08, 0.05), "digits": (0.0, 0.0, 0.0)}))
    curves = [line.attrib["points"].split() for line in picture.iter(f"{SVG}polyline")]
    numbers, digits = ([tuple(map(float, point.split(","))) for point in curve] for curve in curves)
    assert [y for _, y in numbers] == sorted(y for _, y in numbers)
    assert len({y for _, y in digits}) == 1
    assert [x for x, _ in numbers] == [x for x, _ in digits] == sorted(x for x, _ in numbers)
    texts = {text.text for text in picture.iter(f"{SVG}text")}
    assert {"numbers", "digits", "0", "20", "100", "10 %"} <= texts
