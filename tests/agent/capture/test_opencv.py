from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from agent.capture.opencv import video_devices
from agent.capture.opener import open_source
from agent.capture.source import Frame, Source
from agent.capture.uri import parse_source
from profiles.errors import SourceError

FRAMES = 12


def numbered_image(number: int) -> NDArray[np.uint8]:
    """Return an image with the number in its mean brightness; the noise makes a frame larger than a video's header."""
    grain = np.random.default_rng(number).integers(-15, 16, (48, 64, 1))
    return np.repeat(20 + 15 * number + grain, 3, axis=2).astype(np.uint8)


def write_video(path: Path, codec: str, frames_per_s: float = 10) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), frames_per_s, (64, 48))
    assert writer.isOpened()
    for number in range(FRAMES):
        writer.write(numbered_image(number))
    writer.release()
    return path


def every_frame(source: Source) -> list[Frame]:
    with source:
        return list(iter(source.read, None))


def numbers_shown(frames: list[Frame]) -> list[int]:
    return [round((float(frame.image.mean()) - 20) / 15) for frame in frames]


@pytest.mark.parametrize(("name", "codec"), [("clip.avi", "MJPG"), ("clip.mp4", "mp4v")])
def test_a_video_delivers_every_frame(tmp_path: Path, name: str, codec: str) -> None:
    path = write_video(tmp_path / name, codec)
    source = open_source(parse_source(str(path)), clock=lambda: 7)
    frames = every_frame(source)
    assert not source.live
    assert source.title == name
    assert numbers_shown(frames) == list(range(FRAMES))
    assert [frame.number for frame in frames] == list(range(FRAMES))
    assert {(frame.image.shape, str(frame.image.dtype)) for frame in frames} == {((48, 64, 3), "uint8")}
    assert {(frame.captured_ns, frame.source) for frame in frames} == {(7, str(path))}


@pytest.mark.parametrize(
    ("suffix", "codec", "frames_per_s"),
    [
        (".mp4", "mp4v", 1),
        (".mp4", "mp4v", 30),
        (".mov", "mp4v", 10),
        (".mkv", "mp4v", 10),
        (".avi", "MJPG", 5),
        (".webm", "VP80", 5),
        (".flv", "FLV1", 5),
        (".ts", "mp4v", 10),
        (".wmv", "WMV2", 5),
        (".3gp", "mp4v", 10),
        (".mjpeg", "MJPG", 25),  # it has no time stamps
    ],
)
@pytest.mark.parametrize("suffix_shown", [True, False])
def test_a_video_of_any_kind_and_name_gives_its_frames_with_its_own_times(
    tmp_path: Path, suffix: str, codec: str, frames_per_s: float, *, suffix_shown: bool
) -> None:
    path = write_video(tmp_path / f"clip{suffix}", codec, frames_per_s)
    path = path if suffix_shown else path.rename(tmp_path / "clip")
    frames = every_frame(open_source(parse_source(str(path))))
    times = [frame.recorded_s for frame in frames if frame.recorded_s is not None]
    assert times == pytest.approx([number / frames_per_s for number in range(FRAMES)], abs=0.002)


def test_a_gif_that_moves_is_a_video(tmp_path: Path) -> None:
    first, *others = (Image.fromarray(numbered_image(number)) for number in range(FRAMES))
    first.save(tmp_path / "clip.gif", save_all=True, append_images=others, duration=200)
    frames = every_frame(open_source(parse_source(str(tmp_path / "clip.gif"))))
    assert numbers_shown(frames) == list(range(FRAMES))
    assert [frame.recorded_s for frame in frames] == pytest.approx([0.2 * number for number in range(FRAMES)])


def test_av1_is_not_called_cut_off(tmp_path: Path) -> None:
    """A complete file whose header says AV1: the FFmpeg of OpenCV opens it, and decodes no frame."""
    path = write_video(tmp_path / "clip.mkv", "mp4v")
    codec = b"V_MPEG4/ISO/ASP"
    path.write_bytes(path.read_bytes().replace(codec, b"V_AV1".ljust(len(codec), b"\0")))
    with pytest.raises(SourceError, match=r"clip\.mkv is an AV1 video, which this OpenCV cannot decode"):
        open_source(parse_source(str(path)))


def test_a_video_whose_frames_do_not_fit_into_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "clip.avi", "MJPG")
    monkeypatch.setattr("agent.capture.opencv.decoding_limit_bytes", lambda: 30_000)  # 12 bytes a pixel are counted
    with pytest.raises(SourceError, match="have 64×48 pixels, too many for this board"):
        open_source(parse_source(str(path)))


def test_a_truncated_video_gives_its_frames_and_then_an_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_video(tmp_path / "clip.avi", "MJPG")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    frames: list[Frame] = []
    with (
        open_source(parse_source(str(path))) as source,
        pytest.raises(SourceError, match=rf"clip\.avi is cut off after \d of {FRAMES} frames"),
    ):
        frames.extend(iter(source.read, None))
    shown = numbers_shown(frames)
    assert 0 < len(shown) < FRAMES
    assert shown == list(range(len(shown)))
    assert capfd.readouterr().err == ""


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.mp4")
    with pytest.raises(SourceError, match="it is not a regular file"):
        open_source(parse_source(str(tmp_path / "clip.mp4")))


def test_a_damaged_frame_is_not_the_end_of_a_video(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_video(tmp_path / "clip.avi", "MJPG")
    content = bytearray(path.read_bytes())
    starts = [at for at in range(len(content)) if content[at : at + 3] == b"\xff\xd8\xff"]
    content[starts[5] : starts[6] - 8] = bytes(starts[6] - 8 - starts[5])
    path.write_bytes(content)
    shown = numbers_shown(every_frame(open_source(parse_source(str(path)))))
    assert [number for number in range(FRAMES) if number != 5] == [number for number in shown if number != 5]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is not a video"), (b"hello, world", "is not a video"), (None, "No such file"), (b"moov", "is not a video")],
)
def test_a_file_without_a_frame_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes | None, message: str
) -> None:
    path = tmp_path / "clip.mp4"
    if content == b"moov":  # an mp4 keeps its table of frames at the end
        complete = write_video(path, "mp4v").read_bytes()
        content = complete[: len(complete) // 2]
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=message) as caught:
        open_source(parse_source(str(path)))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_the_error_of_a_missing_camera_lists_those_found(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    with pytest.raises(SourceError, match=r"no camera /dev/video0 \(found: none\)"):
        open_source(parse_source("0"), root=tmp_path)
    for name in ("video10", "video2", "vga"):
        (tmp_path / "dev" / name).touch()
    assert video_devices(tmp_path) == ("/dev/video2", "/dev/video10")
    with pytest.raises(SourceError, match=r"no camera /dev/video0 \(found: /dev/video2, /dev/video10\)"):
        open_source(parse_source("/dev/video0"), root=tmp_path)


def test_a_device_that_is_not_a_camera_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/video0").touch()
    with pytest.raises(SourceError, match="is not a camera, or another program uses it"):
        open_source(parse_source("0"), root=tmp_path)
    assert capfd.readouterr().err == ""


def test_a_camera_without_permission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/video0").touch(mode=0)
    if os.access(tmp_path / "dev/video0", os.R_OK):
        pytest.skip("root may use every camera")
    with pytest.raises(SourceError, match="usermod -aG video"):
        open_source(parse_source("0"), root=tmp_path)
