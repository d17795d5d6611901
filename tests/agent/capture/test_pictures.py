from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.capture.opener import open_source
from agent.capture.pictures import find_pictures, load_picture
from agent.capture.uri import parse_source
from profiles.errors import PictureError, SourceError

Picture = NDArray[np.uint8] | NDArray[np.uint16]

BLACK, GREY, WHITE = (0, 0, 0), (128, 128, 128), (255, 255, 255)


def save(path: Path, image: Picture) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


def striped(width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """Return an image that is dark on the left and bright on the right."""
    return np.repeat(np.repeat(np.linspace(20, 230, width, dtype=np.uint8)[None, :, None], height, 0), 3, 2)


def png(width: int, height: int, chunks: bytes = b"") -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) + chunks


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def exif(orientation: int) -> bytes:
    """Return an APP1 segment with the orientation as its only tag (Exif 2.3, 4.6.4: tag 0x0112, one SHORT)."""
    tiff = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", 2 + 6 + len(tiff)) + b"Exif\0\0" + tiff


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif", ".ppm"])
def test_every_format_is_read_as_bgr(tmp_path: Path, suffix: str) -> None:
    image = striped()
    image[..., 0] = 40
    loaded = load_picture(save(tmp_path / f"page{suffix}", image))
    assert loaded.dtype == np.uint8
    assert loaded.shape == image.shape
    assert np.abs(loaded.astype(int) - image).mean() < 3


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.full((5, 7), 128, np.uint8), GREY),
        (np.full((5, 7), 128 << 8, np.uint16), GREY),
        (np.full((5, 7, 3), 128 << 8, np.uint16), GREY),
        (np.full((5, 7, 4), (0, 0, 0, 255), np.uint8), BLACK),
        (np.full((5, 7, 4), (0, 0, 0, 0), np.uint8), WHITE),
        (np.full((5, 7, 4), (0, 0, 0, 127), np.uint8), GREY),
        (np.full((5, 7, 4), (0, 0, 0, 127 << 8), np.uint16), GREY),
        (np.full((1, 1, 3), 128, np.uint8), GREY),
    ],
    ids=["grey", "grey 16-bit", "colour 16-bit", "opaque", "transparent", "half", "half 16-bit", "1x1"],
)
def test_every_depth_becomes_bgr_and_transparent_pixels_become_white(
    tmp_path: Path, image: Picture, expected: tuple[int, int, int]
) -> None:
    loaded = load_picture(save(tmp_path / "page.png", image))
    assert loaded.shape == (*image.shape[:2], 3)
    assert loaded.dtype == np.uint8
    assert (loaded == expected).all()


def test_a_grey_picture_with_an_alpha_channel(tmp_path: Path) -> None:
    """A PNG of colour type 4: black on the left, transparent on the right."""
    rows = zlib.compress(b"\0\0\xff\0\0" * 2)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 4, 0, 0, 0))
    content = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (tmp_path / "page.png").write_bytes(content)
    loaded = load_picture(tmp_path / "page.png")
    assert loaded[:, 0].max() == 0
    assert loaded[:, 1].min() == 255


@pytest.mark.parametrize(
    ("orientation", "dark_side"),
    [(1, "left"), (2, "right"), (3, "right"), (4, "left"), (5, "top"), (6, "top"), (7, "bottom"), (8, "bottom")],
)
def test_every_exif_orientation_is_rotated_upright(tmp_path: Path, orientation: int, dark_side: str) -> None:
    image = striped()
    image[:24, :, 2] = 255  # red at the top distinguishes a mirrored picture from a rotated one
    content = cv2.imencode(".jpg", image)[1].tobytes()
    path = tmp_path / "page.jpg"
    path.write_bytes(content[:2] + exif(orientation) + content[2:])
    upright = load_picture(path)
    blue = upright[..., 0].astype(int)
    sides = {"left": blue[:, 0], "right": blue[:, -1], "top": blue[0], "bottom": blue[-1]}
    assert min(sides, key=lambda side: float(sides[side].mean())) == dark_side
    assert upright.shape == ((48, 64, 3) if orientation <= 4 else (64, 48, 3))
    red = upright[..., 2].astype(int) - blue
    red_sides = {"left": red[:, :24], "right": red[:, -24:], "top": red[:24], "bottom": red[-24:]}
    red_side = {1: "top", 2: "top", 3: "bottom", 4: "bottom", 5: "left", 6: "right", 7: "right", 8: "left"}[orientation]
    assert max(red_sides, key=lambda side: float(red_sides[side].mean())) == red_side


def error_message(path: Path) -> str:
    with pytest.raises(PictureError) as caught:
        load_picture(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif", ".ppm"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_truncated_picture_is_refused_without_stderr(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], suffix: str, share: float
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    path = save(tmp_path / f"page{suffix}", noise)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "cut off" in error_message(path)
    assert capfd.readouterr().err == ""


def test_a_jpeg_without_all_its_data_is_refused_without_stderr(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path / "page.jpg", np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + b"\xff\xd9")
    assert "cut off" in error_message(path)
    assert capfd.readouterr().err == ""


def test_a_png_with_a_bad_chunk_is_read_without_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content = cv2.imencode(".png", striped())[1].tobytes()
    path = tmp_path / "page.png"
    path.write_bytes(content[:33] + chunk(b"tIME", b"now") + content[33:])
    assert (load_picture(path) == striped()).all()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("content", "message"), [(b"", "is cut off"), (b"hello, world", "is not a picture")])
def test_a_file_that_is_not_a_picture_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "page.jpg"
    path.write_bytes(content)
    assert message in error_message(path)


def test_a_missing_picture_is_refused(tmp_path: Path) -> None:
    assert "No such file" in error_message(tmp_path / "page.jpg")


def test_a_folder_is_not_a_picture(tmp_path: Path) -> None:
    assert "it is not a file" in error_message(tmp_path)


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "page.jpg")
    assert "it is not a file" in error_message(tmp_path / "page.jpg")


def test_a_name_that_is_not_utf8_is_shown_with_replacement_characters(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path / "page") + b"\xff.png"))
    assert cv2.imwrite(str(tmp_path / "page.png"), striped())
    (tmp_path / "page.png").rename(path)
    with open_source(parse_source(str(path))) as source:
        frame = source.read()
        assert frame is not None
        assert source.title == frame.source == f"{tmp_path}/page\ufffd.png"
    path.write_bytes(b"")
    with pytest.raises(PictureError, match="page\ufffd"):
        load_picture(path)


def test_a_picture_without_permission_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "page.png", striped())
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read every file")
    assert "Permission denied" in error_message(path)


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(png(width, height))
    assert f"{width}×{height} pixels" in error_message(path)


def test_a_folder_is_read_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 9, 1):
        save(tmp_path / f"page{number}.png", np.full((4, 4, 3), number, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "._page1.png").write_text("resource fork of macOS")
    (tmp_path / "page2.png").mkdir()
    with open_source(parse_source(str(tmp_path)), clock=lambda: 7) as source:
        frames = list(iter(source.read, None))
    assert not source.live
    assert source.title == f"{tmp_path}, 3 pictures"
    assert [(frame.image[0, 0, 0], frame.number, frame.captured_ns) for frame in frames] == [
        (1, 0, 7),
        (9, 1, 7),
        (10, 2, 7),
    ]
    assert [frame.source for frame in frames] == [str(tmp_path / f"page{n}.png") for n in (1, 9, 10)]


def test_a_glob_reads_the_files_that_match(tmp_path: Path) -> None:
    for name in ("a1.png", "a2.png", "b1.png"):
        save(tmp_path / name, striped())
    with open_source(parse_source(f"{tmp_path}/a*.png")) as source:
        assert [Path(frame.source).name for frame in iter(source.read, None)] == ["a1.png", "a2.png"]


def test_an_existing_name_with_brackets_is_not_a_glob(tmp_path: Path) -> None:
    path = save(tmp_path / "page[1].png", striped())
    with open_source(parse_source(str(path))) as source:
        assert [frame.source for frame in iter(source.read, None)] == [str(path)]


def test_a_bad_picture_among_good_ones_is_an_error_and_the_next_is_read(tmp_path: Path) -> None:
    save(tmp_path / "1.png", striped())
    (tmp_path / "2.png").write_bytes(b"no picture")
    save(tmp_path / "3.png", striped())
    with open_source(parse_source(str(tmp_path))) as source:
        assert source.read() is not None
        with pytest.raises(PictureError, match=r"2\.png is not a picture"):
            source.read()
        last = source.read()
        assert last is not None
        assert last.number == 2
        assert source.read() is None


def test_a_single_bad_picture_is_an_error_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"no picture")
    with open_source(parse_source(str(tmp_path))) as source:
        with pytest.raises(SourceError, match=r"1\.png is not a picture") as caught:
            source.read()
        assert not isinstance(caught.value, PictureError)


@pytest.mark.parametrize(
    ("name", "message"), [("", "no picture in the folder"), ("*.png", "no file matches"), ("1.png", "no picture")]
)
def test_a_source_without_pictures_is_an_error(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        open_source(parse_source(str(tmp_path / name)))
    assert str(tmp_path) in str(caught.value)


def test_an_empty_name_is_not_the_current_folder() -> None:
    with pytest.raises(SourceError, match="no picture was named"):
        find_pictures("")
