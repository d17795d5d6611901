from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.capture.picture_parser import PictureParser
from tests.agent.capture.camera_server import encoded

JPEG, OTHER_JPEG = encoded(3), encoded(7)
THUMBNAIL = JPEG[:2] + b"\xff\xe1" + (2 + len(OTHER_JPEG)).to_bytes(2, "big") + OTHER_JPEG + JPEG[2:]
"""A JPEG that holds another one in its EXIF segment."""
FILES = {
    "JPEG": JPEG,
    "progressive JPEG": encoded(3, ".jpg", 2, 1),  # cv2.IMWRITE_JPEG_PROGRESSIVE
    "JPEG with restart markers": encoded(3, ".jpg", 4, 1),  # cv2.IMWRITE_JPEG_RST_INTERVAL
    "JPEG with a thumbnail": THUMBNAIL,
    "JPEG with fill bytes": JPEG.replace(b"\xff\xda", b"\xff\xff\xff\xda", 1),
    "PNG": encoded(3, ".png"),
    "WebP": encoded(3, ".webp"),
    "BMP": encoded(3, ".bmp"),
}
BETWEEN = {
    "nothing": b"",
    "boundary": b"\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 99\r\n\r\n",
    "line feeds": b"\n--frame\nContent-Length: 99\n\n",
    "padding": bytes(1000),
    "text": b"BM, RIFF and PNG are words " * 3,
}


def fed(data: bytes, size: int) -> tuple[PictureParser, list[bytes]]:
    parser, pictures = PictureParser(), list[bytes]()
    for at in range(0, len(data), size):
        pictures += parser.feed(data[at : at + size])
    return parser, pictures


@pytest.mark.parametrize("size", [1, 7, 10**6])
@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_pictures_are_found_whatever_stands_between_them(file: bytes, between: bytes, size: int) -> None:
    _, pictures = fed(between + file + between + file + between, size)
    assert pictures == [file, file]


@given(st.lists(st.sampled_from(sorted(FILES.values())), max_size=4), st.data())
def test_the_size_of_the_pieces_makes_no_difference(files: list[bytes], data: st.DataObject) -> None:
    sent = BETWEEN["boundary"].join([b"", *files, b""])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=8)))
    parser, pictures = PictureParser(), list[bytes]()
    for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        pictures += parser.feed(sent[start:end])
    assert pictures == files


@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(1, 400))
def test_any_bytes_are_taken(before: bytes, after: bytes, size: int) -> None:
    parser, pictures = fed(before + JPEG[:200] + after, size)
    assert sum(map(len, pictures)) + parser.picture_bytes <= len(before) + 200 + len(after) + 2 * len(pictures)


def test_a_missing_end_marker_is_added() -> None:
    parser, pictures = fed(JPEG[:-2] + BETWEEN["boundary"] + OTHER_JPEG[:-2], 100)
    assert pictures == [JPEG[:-2] + BETWEEN["boundary"] + b"\xff\xd9"]
    assert parser.finish() == OTHER_JPEG


def test_what_comes_instead_of_a_picture_is_kept_and_counted_but_not_stored() -> None:
    parser = PictureParser()
    assert parser.feed(b"<html>") == []
    assert parser.head == b"<html>"
    for _ in range(1000):
        assert parser.feed(b"x" * 1000) == []
    assert parser.junk_bytes > 990_000
    assert parser.picture_bytes == 0
    assert parser.finish() == b""
    assert parser.head.startswith(b"<html>xxx")
    assert len(parser.head) == 256


def test_a_picture_without_an_end_is_counted() -> None:
    parser, pictures = fed(JPEG[:-2] + bytes(50_000), 1000)
    assert not pictures
    assert parser.picture_bytes == len(JPEG) - 2 + 50_000
