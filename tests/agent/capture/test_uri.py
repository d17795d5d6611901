from __future__ import annotations

from pathlib import Path

import pytest

from agent.capture.address import StreamOptions, StreamSpec
from agent.capture.uri import (
    CameraSpec,
    CsiSpec,
    DemoSpec,
    PicturesSpec,
    PipeSpec,
    SourceSpec,
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
        ("RTSP://Cam.LAN/Live", StreamSpec("RTSP://Cam.LAN/Live", "rtsp://Cam.LAN/Live")),
        ("http://[::1]:81/x#part", StreamSpec("http://[::1]:81/x#***", "http://[::1]:81/x")),
        ("rtsp://me:secret@cam:554/live", StreamSpec("rtsp://***@cam:554/live", "rtsp://cam:554/live", "me", "secret")),
        ("http://m%40e:p@:s%2F@cam/x", StreamSpec("http://***@cam/x", "http://cam/x", "m@e", "p@:s/")),
        ("http://token@cam/x", StreamSpec("http://***@cam/x", "http://cam/x", "token")),
        ("clip.mp4", VideoSpec("clip.mp4", Path("clip.mp4"))),
        ("a/b.c/CLIP.AVI", VideoSpec("a/b.c/CLIP.AVI", Path("a/b.c/CLIP.AVI"))),
        ("page.JPG", PicturesSpec("page.JPG")),
        ("scans/*.png", PicturesSpec("scans/*.png")),
        ("scan[12]", PicturesSpec("scan[12]")),
        (".", PicturesSpec(".")),
        ("-", PipeSpec("-")),
        ("/dev/stdin", PipeSpec("-")),
        ("file:///scans/my%20page.jpg", PicturesSpec("/scans/my page.jpg")),
        ("FILE:page.jpg", PicturesSpec("page.jpg")),
        ("file://localhost/clip.mp4", VideoSpec("/clip.mp4", Path("/clip.mp4"))),
        ("demo", DemoSpec("demo:")),
        ("demo://", DemoSpec("demo://")),
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
        ("ftp://host/file", "its scheme is unknown"),
        ("csi://left", "names no camera"),
        ("http://", "names no host"),
        ("http://[1::2/mjpg", "not an address"),
        ("http://cam:99999/x", "has a port that is not from 1 to 65535"),
        ("http://cam:0/x", "has a port that is not from 1 to 65535"),
        ("http://cam:-1/x", "has a port that is not from 1 to 65535"),
        ("http://cam:eighty/x", "has a port that is not from 1 to 65535"),
        ("http://cam..lan/x", "has a host that is not a valid name"),
        (f"http://{'a' * 64}/x", "has a host that is not a valid name"),
        ("http:cam.lan/x", "lacks the two slashes"),
        ("http//cam.lan/x.jpg", "begin an address with http://"),
        ("cam.lan/x.jpg?channel=1", "begin an address with http://"),
        ("me@cam.lan/x.jpg", "begin an address with http://"),
        ("http:/cam.lan/x", "lacks the two slashes"),
        ("http://cam.lan/a b", "contains a space or a control character"),
        ("http://cam.lan/a\nb", "contains a space or a control character"),
        ("http://cam.lan/\udcff", "contains a space or a control character"),
        ("http://me:a/b@cam.lan/x", "has an @ after its host, or a user name or password with"),
        ("http://me:a#b@cam.lan/x", "has an @ after its host, or a user name or password with"),
        ("http://me:@b?c@cam.lan/x", "has an @ after its host, or a user name or password with"),
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


@pytest.mark.parametrize(
    ("texts", "advice"),
    [
        (("usb:0", "video0", "v4l2:///dev/video0", "v4l", "webcam", "cam0"), "write '0' or '/dev/video0'"),
        (("csi", "picam", "PiCamera2", "rpicam", "libcamera://0", "nvarguscamerasrc"), "write 'csi://0'"),
        (
            ("rtmp://cam/x", "udp://@:1234", "tcp://10.0.0.2:8888", "onvif://cam"),
            "give the camera's http:// or rtsp://",
        ),
        (("stdin", "pipe:0"), "write '-' for the standard input"),
        (("clips/*.mp4", "clip[12].mkv"), "names several videos, and one is read at a time; name one of them"),
        (("\u0663", "s3://scans/page.jpg"), "give a camera ('0',"),
    ],
)
def test_what_other_programs_take_is_explained(texts: tuple[str, ...], advice: str) -> None:
    for text in texts:
        with pytest.raises(UsageError) as caught:
            parse_source(text)
        assert advice in str(caught.value), text


def test_a_file_of_another_kind_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UsageError, match="is neither a video nor a picture"):
        parse_source(str(tmp_path / "notes.txt"))


@pytest.mark.parametrize("name", ["http:", "demo:", "scan 12:30", "cam:1.png"])
def test_a_name_with_a_colon_that_exists_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(b"\x89PNG\r\n\x1a\n")
    assert parse_source(name) == PicturesSpec(name)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("clip", b"\x1a\x45\xdf\xa3", VideoSpec), ("clip.jpg", b"OggS", VideoSpec), ("page.mp4", b"%PDF-", PicturesSpec)],
)
def test_the_content_of_a_file_tells_its_kind(tmp_path: Path, name: str, content: bytes, kind: type) -> None:
    (tmp_path / name).write_bytes(content)
    assert isinstance(parse_source(str(tmp_path / name)), kind)


def test_an_address_longer_than_any_name_of_a_file_is_an_address() -> None:
    assert isinstance(parse_source(f"http://cam.lan/{'x' * 5000}"), StreamSpec)


def test_a_folder_with_a_video_suffix_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "holiday.mp4").mkdir()
    assert parse_source(str(tmp_path / "holiday.mp4")) == PicturesSpec(str(tmp_path / "holiday.mp4"))


def test_a_secret_is_neither_in_the_title_nor_in_the_representation() -> None:
    spec = parse_source("rtsp://me:S3CR@cam.lan:554/x?token=S3CR", StreamOptions(password="S3CR"))
    assert "S3CR" not in f"{spec!r} {spec!s}"
    assert isinstance(spec, StreamSpec)
    assert spec.title == "stream rtsp://***@cam.lan:554/x?token=***"
    assert spec.full_url == "rtsp://me:S3CR@cam.lan:554/x?token=S3CR"


@pytest.mark.parametrize(
    ("text", "full_url"),
    [
        ("rtsp://me@cam/x", "rtsp://me:a%3Ab%40%2F%23@cam/x"),
        ("rtsp://me:own@cam/x", "rtsp://me:own@cam/x"),
        ("rtsp://cam/user=me_password={password}_a=1", "rtsp://cam/user=me_password=a%3Ab%40%2F%23_a=1"),
    ],
)
def test_a_password_from_a_file_takes_its_place(text: str, full_url: str) -> None:
    spec = parse_source(text, StreamOptions(password="a:b@/#"))
    assert isinstance(spec, StreamSpec)
    assert spec.full_url == full_url


def test_a_password_from_a_file_needs_a_place() -> None:
    with pytest.raises(UsageError, match=r"has no place for the password from the file; write 'http://user@cam/path'"):
        parse_source("http://cam/x", StreamOptions(password="S3CR"))
