from __future__ import annotations

import contextlib
import io
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.capture.header import CutOffError, Header, read_header

SUFFIXES = {".jpg": "jpeg", ".png": "png", ".bmp": "bmp", ".webp": "webp", ".tif": "tiff", ".ppm": "pnm", ".pgm": "pnm"}


def encoded(suffix: str, width: int = 37, height: int = 21, *options: int) -> bytes:
    image = np.full((height, width, 3), 200, np.uint8)
    return cv2.imencode(suffix, image if suffix != ".pgm" else image[..., 0], options)[1].tobytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_size_of_every_format_is_read(suffix: str) -> None:
    assert read_header(io.BytesIO(encoded(suffix))) == Header(SUFFIXES[suffix], 37, 21)


@pytest.mark.parametrize("quality", [80, 101])  # above 100 means lossless
def test_lossy_and_lossless_webp(quality: int) -> None:
    content = encoded(".webp", 300, 200, cv2.IMWRITE_WEBP_QUALITY, quality)
    assert read_header(io.BytesIO(content)) == Header("webp", 300, 200)


def test_an_extended_webp() -> None:
    content = b"RIFF\0\0\0\0WEBPVP8X" + struct.pack("<IIHBHB", 10, 0, 19_999 & 0xFFFF, 0, 70_000 & 0xFFFF, 1)
    assert read_header(io.BytesIO(content)) == Header("webp", 20_000, 70_001)


def test_a_progressive_jpeg_after_a_long_comment_and_fill_bytes() -> None:
    content = encoded(".jpg", 64, 48, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    comment = b"\xff\xff\xff\xfe" + struct.pack(">H", 40_000) + bytes(39_998)
    assert read_header(io.BytesIO(content[:2] + comment + content[2:])) == Header("jpeg", 64, 48)


def test_a_top_down_bitmap() -> None:
    content = bytearray(encoded(".bmp"))
    content[22:26] = struct.pack("<i", -21)
    assert read_header(io.BytesIO(content)) == Header("bmp", 37, 21)


def test_a_pnm_with_comments() -> None:
    assert read_header(io.BytesIO(b"P5\n# made by hand\n3 # wide\n 2\n255\n......")) == Header("pnm", 3, 2)


@pytest.mark.parametrize("content", [b"hello, world", b"%PDF-1.7", b"GIF89a\x01\x00\x01\x00"])
def test_other_files_have_no_header(content: bytes) -> None:
    assert read_header(io.BytesIO(content)) is None


def test_an_empty_file_is_cut_off() -> None:
    with pytest.raises(CutOffError):
        read_header(io.BytesIO(b""))


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(st.data())
def test_a_truncated_header_is_none_or_an_error_or_correct(suffix: str, data: st.DataObject) -> None:
    complete = encoded(suffix)
    part = complete[: data.draw(st.integers(0, len(complete) - 1))]
    try:
        header = read_header(io.BytesIO(part))
    except CutOffError:
        return
    assert header in (None, Header(SUFFIXES[suffix], 37, 21)) or suffix in (".ppm", ".pgm")


@given(st.sampled_from(sorted(SUFFIXES)), st.binary(max_size=200))
def test_noise_after_a_magic_number_raises_only_cut_off_errors(suffix: str, noise: bytes) -> None:
    with contextlib.suppress(CutOffError):
        read_header(io.BytesIO(encoded(suffix)[:8] + noise))
