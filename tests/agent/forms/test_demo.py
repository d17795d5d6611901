from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.capture.uri import DemoSpec
from agent.forms.demo import FRAME_PX, SHEETS, open_form_demo
from agent.forms.document import load_form
from agent.forms.form import Area
from agent.forms.locate import FormFinder
from profiles.errors import FormError, FormNotFoundError
from tests.agent.forms.sheets import FIELDS, HEAD_MARKS


@pytest.fixture
def spec(tmp_path: Path) -> DemoSpec:
    (tmp_path / "delivery.toml").write_text(HEAD_MARKS + FIELDS)
    return DemoSpec(f"demo:?form={tmp_path}/delivery.toml", frames=15, form=f"{tmp_path}/delivery.toml")


def test_sheets_come_lie_still_and_go(spec: DemoSpec) -> None:
    with open_form_demo(spec, clock=lambda: 7) as source:
        frames = list(iter(source.read, None))
    assert [frame.number for frame in frames] == list(range(15))
    assert frames[0].image.shape == (FRAME_PX[1], FRAME_PX[0], 3)
    assert frames[-1].recorded_s == pytest.approx(14 / 2)
    finder = FormFinder(load_form(Path(spec.form)))
    with pytest.raises(FormNotFoundError):
        finder.find(frames[0].image)
    for sheet in range(SHEETS):
        lying = [finder.find(frame.image).quad(Area(0, 0, 9, 9)) for frame in frames[5 * sheet + 1 : 5 * sheet + 4]]
        assert np.ptp(np.array(lying), axis=0).max() < 2


def test_the_same_seed_gives_the_same_frames(spec: DemoSpec) -> None:
    def middle(seed: int) -> np.ndarray:
        with open_form_demo(DemoSpec(spec.uri, seed=seed, frames=3, form=spec.form)) as source:
            frames = list(iter(source.read, None))
        return frames[2].image

    assert np.array_equal(middle(1), middle(1))
    assert not np.array_equal(middle(1), middle(2))


def test_a_form_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormError, match=r"nothing\.toml cannot be read"):
        open_form_demo(DemoSpec("demo:", form=str(tmp_path / "nothing.toml")))
