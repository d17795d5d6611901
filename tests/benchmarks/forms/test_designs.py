from __future__ import annotations

import numpy as np
import pytest

from agent.forms.solve import solve
from agent.forms.texts import PossibleText
from agent.vision.pixels import Pixels
from benchmarks.forms.designs import Design, all_designs
from benchmarks.forms.photo import photograph

DESIGNS = {design.form.name: design for design in all_designs()}


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_what_is_written_on_a_form_fits_its_rules(design: Design) -> None:
    for seed in range(20):
        texts = design.texts(np.random.default_rng(seed))
        assert texts.keys() == {field.name for field in design.form.fields}
        solutions = solve(design.form, [[PossibleText(texts[field.name], 0.99)] for field in design.form.fields])
        assert not [solution.broken for solution in solutions if solution.broken]


def test_a_photograph_has_one_to_twelve_megapixels_and_is_reproducible() -> None:
    sheet: Pixels = np.full((400, 600, 3), 255, np.uint8)
    for seed in range(3):
        photo, again = (photograph(np.random.default_rng(seed), sheet) for _ in range(2))
        assert 0.9e6 < photo.shape[0] * photo.shape[1] < 12.1e6
        assert np.array_equal(photo, again)
