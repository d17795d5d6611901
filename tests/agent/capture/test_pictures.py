from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from agent.capture.opener import open_source
from agent.capture.pictures import find_pictures
from agent.capture.uri import parse_source
from profiles.errors import PictureError, SourceError


def save(path: Path, image: NDArray[np.uint8]) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


def striped(width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """Return an image that is dark on the left and bright on the right."""
    return np.repeat(np.repeat(np.linspace(20, 230, width, dtype=np.uint8)[None, :, None], height, 0), 3, 2)


def save_pages(path: Path, brightnesses: list[int]) -> Path:
    """Save a TIFF with one page of each brightness."""
    first, *others = (Image.fromarray(np.full((4, 4), brightness, np.uint8)) for brightness in brightnesses)
    first.save(path, save_all=True, append_images=others)
    return path


def test_a_folder_is_read_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 9, 1):
        save(tmp_path / f"page{number}.png", np.full((4, 4, 3), number, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "._page1.png").write_text("resource fork of macOS")
    (tmp_path / "page2.png").mkdir()
    with open_source(parse_source(str(tmp_path)), clock=lambda: 7) as source:
        frames = list(iter(source.read, None))
    assert not source.live
    assert source.title == f"{tmp_path}, 3 pictures, 2 other files"
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


def test_the_address_of_a_file_is_its_path(tmp_path: Path) -> None:
    path = save(tmp_path / "my page.png", striped())
    assert find_pictures(path.as_uri()).paths == (path,)


@pytest.mark.parametrize("text", ["http://me:S3CR@cam.lan/snap.jpg", "rtsp://cam/x", "demo", "demo:", "/dev/video7"])
def test_an_address_is_no_picture(text: str) -> None:
    with pytest.raises(SourceError, match=r"no picture .*; read a camera or the demo with 'digit-agent run") as caught:
        find_pictures(text)
    assert "S3CR" not in str(caught.value)


def test_an_empty_name_is_not_the_current_folder() -> None:
    with pytest.raises(SourceError, match="no picture was named"):
        find_pictures("")


def test_the_pages_of_all_files_are_frames_with_their_titles(tmp_path: Path) -> None:
    save_pages(tmp_path / "1.tif", [10, 20])
    save(tmp_path / "2.png", np.full((4, 4, 3), 30, np.uint8))
    with open_source(parse_source(str(tmp_path))) as source:
        frames = list(iter(source.read, None))
    assert [(Path(frame.source).name, frame.image.max(), frame.number) for frame in frames] == [
        ("1.tif, page 1 of 2", 10, 0),
        ("1.tif, page 2 of 2", 20, 1),
        ("2.png", 30, 2),
    ]


def test_a_damaged_page_is_an_error_and_the_next_is_read(tmp_path: Path) -> None:
    """The bytes of the second page's only strip are cut out of reach: its offset points behind the file."""
    path = save_pages(tmp_path / "scan.tif", [10, 20, 30])
    content = bytearray(path.read_bytes())
    with Image.open(path) as scan:
        assert isinstance(scan, TiffImageFile)
        scan.seek(1)
        offset = scan.tag_v2[273][0]
    at = content.rindex(offset.to_bytes(4, "little"))
    content[at : at + 4] = (10**6).to_bytes(4, "little")
    path.write_bytes(content)
    with open_source(parse_source(str(path))) as source:
        first = source.read()
        assert first is not None
        with pytest.raises(PictureError, match=r"scan\.tif, page 2 is cut off or damaged"):
            source.read()
        last = source.read()
        assert last is not None
        assert (first.image.max(), last.image.max(), last.number) == (10, 30, 2)
        assert source.read() is None


def test_a_folder_tells_what_is_no_picture(tmp_path: Path) -> None:
    save(tmp_path / "page.png", striped()).rename(tmp_path / "page")
    (tmp_path / "damaged.JPE").write_bytes(b"damaged")
    for name in ("a.txt", "b.txt", "c.txt", "d.txt", ".hidden"):
        (tmp_path / name).write_text("no picture")
    (tmp_path / "more").mkdir()
    found = find_pictures(str(tmp_path))
    assert [path.name for path in found.paths] == ["damaged.JPE", "page"]
    assert found.describe_skipped() == "a.txt, b.txt, c.txt and 2 more"
