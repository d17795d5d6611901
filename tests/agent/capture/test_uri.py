from __future__ import annotations

from pathlib import Path

import pytest

from agent.capture.uri import (
    CameraSpec,
    CsiSpec,
    DemoSpec,
    PicturesSpec,
    SourceSpec,
    StreamSpec,
    VideoSpec,
    parse_source,
)
from profiles.errors import UsageError


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("0", CameraSpec("0", "/dev/video0")),
        ("2", CameraSpec("2", "/dev/video2")),
        ("/dev/video1", CameraSpec("/dev/video1", "/dev/video1")),
        ("/dev/v4l/by-id/usb-cam", CameraSpec("/dev/v4l/by-id/usb-cam", "/dev/v4l/by-id/usb-cam")),
        ("csi://0", CsiSpec("csi://0", 0)),
        ("csi:1", CsiSpec("csi:1", 1)),
        ("http://cam.lan:8080/?action=stream", StreamSpec(*2 * ("http://cam.lan:8080/?action=stream",))),
        ("https://cam.lan/mjpg", StreamSpec(*2 * ("https://cam.lan/mjpg",))),
        ("RTSP://cam.lan/live", StreamSpec("RTSP://cam.lan/live", "RTSP://cam.lan/live")),
        ("clip.mp4", VideoSpec("clip.mp4", Path("clip.mp4"))),
        ("a/b.c/CLIP.AVI", VideoSpec("a/b.c/CLIP.AVI", Path("a/b.c/CLIP.AVI"))),
        ("page.JPG", PicturesSpec("page.JPG")),
        ("scans/*.png", PicturesSpec("scans/*.png")),
        ("scan[12]", PicturesSpec("scan[12]")),
        (".", PicturesSpec(".")),
        ("demo:", DemoSpec("demo:")),
        ("demo:?seed=3&frames=60&fps=10", DemoSpec("demo:?seed=3&frames=60&fps=10", seed=3, frames=60, fps=10.0)),
        ("demo:?seed=0", DemoSpec("demo:?seed=0", seed=0)),
    ],
)
def test_a_source_text_is_parsed(text: str, spec: SourceSpec) -> None:
    assert parse_source(text) == spec


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no source was named"),
        ("nothing-here", "no such file"),
        ("ftp://host/file", "unknown scheme ftp:"),
        ("csi://left", "names no camera"),
        ("http://", "names no host"),
        ("http://[1::2/mjpg", "not an address"),
        ("-1", "not a source"),
        ("demo:?seed=x", "is not a valid demo"),
        ("demo:?frames=0", "is not a valid demo"),
        ("demo:?frames=-3", "is not a valid demo"),
        ("demo:?fps=0", "is not a valid demo"),
        ("demo:?fps=nan", "is not a valid demo"),
        ("demo:?colour=red", "is not a valid demo"),
        ("demo:fast", "is not a valid demo"),
    ],
)
def test_an_invalid_source_is_a_usage_error(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_source(text)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_kind_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UsageError, match="has no suffix of a video or picture"):
        parse_source(str(tmp_path / "notes.txt"))


def test_a_folder_with_a_video_suffix_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "holiday.mp4").mkdir()
    assert parse_source(str(tmp_path / "holiday.mp4")) == PicturesSpec(str(tmp_path / "holiday.mp4"))


def test_a_password_is_not_shown() -> None:
    spec = parse_source("rtsp://me:secret@cam.lan:554/live")
    assert spec == StreamSpec("rtsp://me:***@cam.lan:554/live", "rtsp://me:secret@cam.lan:554/live")
