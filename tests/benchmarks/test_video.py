"""Rendered videos and their ground truth, the evaluation, and the announcements of the shipped nets."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.choice.choose import choose_nets
from agent.paths import default_artifacts
from benchmarks.rendered_video import RenderedVideo, VideoFrame
from benchmarks.video import NumberTrace, evaluate_video
from profiles.board import detect_board

pytestmark = pytest.mark.slow


def darkest(frame: VideoFrame, x: int, y: int, w: int, h: int) -> float:
    """Return the lowest grey level inside a box, relative to the paper."""
    grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)[y : y + h, x : x + w]
    return float(grey.min() / np.percentile(grey, 90))


def test_equal_seeds_give_equal_videos_and_other_seeds_give_others() -> None:
    first, again, other = (RenderedVideo(seed).frame_at(2.5) for seed in (1, 1, 2))
    assert np.array_equal(first.image, again.image)
    assert first.numbers == again.numbers
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("seed", range(3))
def test_a_complete_number_has_ink_in_its_box(seed: int) -> None:
    video = RenderedVideo(seed)
    frames = [video.frame_at(second) for second in range(0, round(video.duration_s), 2)]
    complete = [(frame, number) for frame in frames if frame.legible for number in frame.numbers if number.complete]
    assert complete
    for frame, number in complete:
        assert darkest(frame, *number.box) < 0.8


def test_videos_contain_what_makes_reading_hard() -> None:
    videos = [RenderedVideo(seed) for seed in range(4)]
    frames = [video.frame_at(time_s) for video in videos for time_s in np.arange(0.3, video.duration_s, 0.9)]
    assert any(not frame.legible for frame in frames)
    assert any(not frame.numbers for frame in frames), "pages are turned"
    assert any(not number.complete for frame in frames for number in frame.numbers)
    names = {number.name for frame in frames for number in frame.numbers}
    assert any(name.endswith("'") for name in names), "numbers are changed"
    brightness = [float(np.median(frame.image)) for frame in frames]
    assert max(brightness) > 1.5 * min(brightness)


@pytest.mark.parametrize(
    ("announced", "error"),
    [(["42"], None), ([], "missed"), (["42", "42"], "twice"), (["4", "42"], "wrong"), (["47"], "wrong")],
)
def test_a_shown_number_must_be_announced_once_and_correctly(announced: list[str], error: str | None) -> None:
    trace = NumberTrace("a", "42", shown=True, announced=[(1.0, text) for text in announced])
    assert trace.error == error


def test_a_number_that_was_not_shown_may_be_missed_and_misreads_are_not_errors_of_tracking() -> None:
    assert NumberTrace("a", "42").error is None
    assert NumberTrace("a", "42", legible=10, read_right=4).cause == "reading"
    assert NumberTrace("a", "42", legible=10, read_right=6).cause == "tracking"


def test_the_shipped_nets_announce_all_numbers_of_a_video_despite_added_errors(tmp_path: Path) -> None:
    nets = choose_nets(default_artifacts(), detect_board().profile, cache=tmp_path, seconds=0.01)
    result = evaluate_video(RenderedVideo(1, pages=1), nets, slips=0.05, slowness=2.0)
    assert result.shown >= 5
    assert result.right == result.shown, [str(trace) for trace in result.traces if trace.error]
