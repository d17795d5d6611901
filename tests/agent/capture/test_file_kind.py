"""The kind of a file comes from its content; each file here is written by the library that people use for it."""

from __future__ import annotations

import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from agent.capture.file_kind import Kind, kind_of, kind_of_path, picture_format

RNG = np.random.default_rng(3)


def still(number: int = 0) -> Image.Image:
    return Image.fromarray(np.full((48, 64, 3), 40 + 30 * number, np.uint8))


def encoded(form: str, **options: object) -> bytes:
    file = io.BytesIO()
    still().save(file, form, **options)
    return file.getvalue()


def video(folder: Path, suffix: str, codec: str) -> bytes:
    path = folder / f"clip{suffix}"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10, (64, 48))
    assert writer.isOpened()
    for _ in range(12):
        writer.write(RNG.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    writer.release()
    return path.read_bytes()


@pytest.mark.parametrize(
    ("pillow_name", "name"),
    [
        ("AVIF", "AVIF"),
        ("BMP", "BMP"),
        ("GIF", "GIF"),
        ("JPEG", "JPEG"),
        ("JPEG2000", "JPEG 2000"),
        ("PNG", "PNG"),
        ("PPM", "PNM"),
        ("PDF", "PDF"),
        ("TIFF", "TIFF"),
        ("WEBP", "WebP"),
    ],
)
def test_each_format_of_pictures_is_recognised(pillow_name: str, name: str) -> None:
    content = encoded(pillow_name)
    assert kind_of(io.BytesIO(content)) == "picture"
    assert picture_format(content) == name


def test_a_big_tiff_is_a_picture() -> None:
    assert kind_of(io.BytesIO(encoded("TIFF", big_tiff=True))) == "picture"


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".avi", "MJPG"),
        (".mp4", "mp4v"),
        (".mov", "mp4v"),
        (".3gp", "mp4v"),
        (".mkv", "mp4v"),
        (".webm", "VP80"),
        (".flv", "FLV1"),
        (".ts", "mp4v"),
        (".m2ts", "mp4v"),
        (".wmv", "WMV2"),
        (".asf", "MJPG"),
        (".mjpeg", "MJPG"),
    ],
)
def test_each_container_is_a_video(tmp_path: Path, suffix: str, codec: str) -> None:
    assert kind_of(io.BytesIO(video(tmp_path, suffix, codec))) == "video"


@pytest.mark.parametrize(
    "start",
    [b"\0\0\x01\xba\x44", b"\0\0\0\x01\x67\x64", b"\0\0\x01\x67\x42", b"\0\0\0\x01\x09\xf0", b"\0\0\0\x01\x40\x01"],
    ids=["MPEG program stream", "H.264 with parameters", "short start code", "with delimiters", "H.265"],
)
def test_a_video_without_a_container_is_a_video(start: bytes) -> None:
    assert kind_of(io.BytesIO(start + bytes(64))) == "video"


def test_jpegs_one_after_the_other_are_a_video_but_a_picture_of_several_views_is_not() -> None:
    assert kind_of(io.BytesIO(2 * encoded("JPEG"))) == "video"
    several_views = encoded("MPO", save_all=True, append_images=[still(1)])
    assert kind_of(io.BytesIO(several_views)) == "picture"


def test_a_gif_that_moves_is_a_video_and_one_that_does_not_is_a_picture() -> None:
    moving = encoded("GIF", save_all=True, append_images=[still(number) for number in range(1, 4)], duration=100)
    assert kind_of(io.BytesIO(moving)) == "video"
    assert kind_of(io.BytesIO(encoded("GIF", transparency=0))) == "picture"


@pytest.mark.parametrize(
    "content", [b"", b"hello, world", b"#EXTM3U\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile x\n", bytes(600)]
)
def test_anything_else_is_neither(content: bytes) -> None:
    assert kind_of(io.BytesIO(content)) is None


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("clip.mp4", encoded("PNG"), "picture"),
        ("page.jpg", 2 * encoded("JPEG"), "video"),
        ("page", encoded("PNG"), "picture"),
        ("page.JFIF", b"damaged", "picture"),
        ("clip.M2TS", b"damaged", "video"),
        ("notes.txt", b"hello, world", None),
    ],
)
def test_the_content_of_a_file_counts_before_its_suffix(
    tmp_path: Path, name: str, content: bytes, kind: Kind | None
) -> None:
    (tmp_path / name).write_bytes(content)
    assert kind_of_path(tmp_path / name) == kind


def test_the_suffix_counts_where_nothing_can_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.mp4")
    assert kind_of_path(tmp_path / "clip.mp4") == "video"
    assert kind_of_path(tmp_path / "missing.tif") == "picture"
