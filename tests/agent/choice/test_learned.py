"""What was learned from corrections is kept in a file, and adjusts the logits of its own artifacts only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from agent.choice.fallback import FallbackNet
from agent.choice.learned import Adjustment, Learned, adjust, load_learned, save_learned, usable_adjustments
from profiles.errors import ArtifactError, OutputError
from tests.agent.choice.test_choose import make_choice

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

SHA = "0" * 64
LEARNED = Learned(
    corrections=50,
    right_before=40,
    right_after=47,
    adjustments={"classifier": Adjustment(tier="nano", files=(SHA,), matrix=((1.0, 0.0), (0.5, 1.0), (0.0, -2.0)))},
)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "state" / "learned.json"
    assert load_learned(path) is None
    save_learned(path, LEARNED)
    assert load_learned(path) == LEARNED
    assert adjust(np.array([[1, 2]], np.float32), usable_adjustments(path)[SHA]).tolist() == [[2.0, 0.0]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is damaged, or of another version"),
        (b"\xff\xfe", "is damaged, or of another version"),
        (b'{"schema": 2}', "is damaged, or of another version"),
        (msgspec.json.encode(LEARNED)[:-20], "is damaged, or of another version"),
        (msgspec.json.encode(LEARNED).replace(b"[0.5,1.0]", b"[0.5]"), "a matrix has the wrong shape"),
        (msgspec.json.encode(LEARNED).replace(b"0.5", b"1e9"), "is damaged, or of another version"),
    ],
)
def test_a_damaged_file_is_reported_and_adjusts_nothing(
    tmp_path: Path, content: bytes, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "learned.json"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=reason):
        load_learned(path)
    assert usable_adjustments(path) == {}
    assert "digit-agent learn --undo" in caplog.text


def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        save_learned(tmp_path / "file" / "learned.json", LEARNED)


def test_only_the_artifacts_with_these_weights_are_adjusted(linear: Linear, tmp_path: Path) -> None:
    (artifact,) = linear.write(tmp_path, linear.artifact("linear.onnx"))
    choice = make_choice(tmp_path, artifact)
    glyphs = np.random.default_rng(1).integers(0, 255, (3, 28, 28), np.uint8)
    plain = FallbackNet(choice).logits(glyphs)
    negative = np.vstack([-np.eye(11), np.ones((1, 11))]).astype(np.float32)
    assert np.allclose(FallbackNet(choice, {artifact.sha256: negative}).logits(glyphs), 1 - plain)
    assert np.array_equal(FallbackNet(choice, {SHA: negative}).logits(glyphs), plain)
