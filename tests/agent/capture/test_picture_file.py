"""Picture files of every kind, written by Pillow, OpenCV, pillow-heif or by hand."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image

from agent.capture.picture_file import STANDARD_INPUT, PictureFile
from agent.capture.pictures import load_picture
from profiles.errors import PictureError

pillow_heif.register_heif_opener()
NOISE = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
FORMATS = {
    "page.avif": "AVIF",
    "page.bmp": "BMP",
    "page.dib": "BMP",
    "page.gif": "GIF",
    "page.heic": "HEIF",
    "page.jpg": "JPEG",
    "page.jfif": "JPEG",
    "page.jp2": "JPEG2000",
    "page.mpo": "MPO",
    "page.png": "PNG",
    "page.ppm": "PPM",
    "page.tif": "TIFF",
    "page.webp": "WEBP",
    "no suffix": "PNG",
    "wrong suffix.jpg": "PNG",
}


def striped(width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """Return an image that is dark on the left and bright on the right, BGR."""
    return np.repeat(np.repeat(np.linspace(20, 230, width, dtype=np.uint8)[None, :, None], height, 0), 3, 2)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def save(path: Path, image: Image.Image, form: str = "PNG", **options: object) -> Path:
    image.save(path, form, **options)
    return path


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, chunks: bytes = b"", depth: int = 8, colour: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunks


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


@pytest.mark.parametrize(("name", "form"), FORMATS.items())
def test_every_format_is_read_as_bgr(tmp_path: Path, name: str, form: str) -> None:
    image = striped()
    image[..., 0] = 40
    loaded = load_picture(save(tmp_path / name, Image.fromarray(image[..., ::-1]), form))
    assert loaded.dtype == np.uint8
    assert loaded.shape == image.shape
    assert np.abs(loaded.astype(int) - image).mean() < 8  # GIF has few colours


@pytest.mark.parametrize(
    ("mode", "form", "options"),
    [
        ("1", "TIFF", {"compression": "group4"}),
        ("1", "PPM", {}),
        ("L", "TIFF", {"compression": "jpeg"}),
        ("L", "JPEG", {"progressive": True}),
        ("P", "PNG", {}),
        ("RGB", "TIFF", {"compression": "tiff_lzw"}),
        ("RGB", "TIFF", {"big_tiff": True}),
        ("CMYK", "JPEG", {}),
        ("CMYK", "TIFF", {}),
        ("YCbCr", "TIFF", {}),
    ],
)
def test_every_kind_of_colour_is_read(tmp_path: Path, mode: str, form: str, options: dict[str, object]) -> None:
    halves = np.repeat(np.repeat(np.array([[[0], [255]]], np.uint8), 32, 1), 48, 0).repeat(3, 2)
    loaded = load_picture(save(tmp_path / "page", Image.fromarray(halves).convert(mode), form, **options))
    assert loaded.shape == (48, 64, 3)
    assert loaded[:, :24].max() < 40
    assert loaded[:, 40:].min() > 215


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (128, np.uint8, 128),
        (128 << 8, np.uint16, 128),
        (512, np.uint16, 128),  # 10 bits in 16
        (2056, np.uint16, 128),  # 12 bits in 16
        (0.5, np.float32, 128),
        (128, np.float32, 128),
        (32896, np.float32, 128),
    ],
)
def test_deep_and_float_pictures_are_scaled(
    tmp_path: Path, value: float, dtype: type[np.generic], expected: int
) -> None:
    white = {0.5: 1, 512: 1020, 2056: 4095}.get(value, 65535 if value > 255 else 255)
    values = np.full((5, 7), value).astype(dtype)
    values[0, 0] = white
    loaded = load_picture(save(tmp_path / "page.tif", Image.fromarray(values), "TIFF"))
    assert loaded.shape == (5, 7, 3)
    assert set(np.unique(loaded)) == {expected, 255 if white != 1020 else 254}


def test_a_float_picture_with_negative_values_spans_black_to_white(tmp_path: Path) -> None:
    values = np.array([[-2.0, 0.0, 2.0, np.nan]], np.float32)
    loaded = load_picture(save(tmp_path / "page.tif", Image.fromarray(values), "TIFF"))
    assert loaded[0, :, 0].tolist() == [0, 128, 255, 128]


@pytest.mark.parametrize(("maximum", "value", "expected"), [(1023, 512, 128), (4095, 2048, 128), (65535, 257, 1)])
@pytest.mark.parametrize("order", [">u2", "<u2"])
def test_a_deep_pnm_is_read_with_its_bytes_in_either_order(
    tmp_path: Path, maximum: int, value: int, expected: int, order: str
) -> None:
    if maximum == 65535 and order == "<u2":
        pytest.skip("both orders are valid then")
    values = np.array([[value, maximum]], order)
    path = write(tmp_path / "page.pgm", f"P5 2 1 {maximum}\n".encode() + values.tobytes())
    assert load_picture(path)[0, :, 0].tolist() == [expected, 255]


@pytest.mark.parametrize(
    ("rgba", "expected"),
    [
        ((0, 0, 0, 255), 0),
        ((0, 0, 0, 0), 255),
        ((0, 0, 0, 127), 128),
    ],
    ids=["opaque", "transparent", "half"],
)
@pytest.mark.parametrize(("form", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("AVIF", {})])
def test_transparent_pixels_become_white(
    tmp_path: Path, form: str, options: dict[str, object], rgba: tuple[int, ...], expected: int
) -> None:
    loaded = load_picture(save(tmp_path / "page", Image.new("RGBA", (9, 5), rgba), form, **options))
    assert loaded.shape == (5, 9, 3)
    assert np.abs(loaded.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_light_ink_on_transparency_gets_a_black_background(tmp_path: Path, mode: str) -> None:
    canvas = np.zeros((40, 40, 4), np.uint8)
    canvas[..., :3], canvas[10:30, 18:22, 3] = 255, 255
    loaded = load_picture(save(tmp_path / "page.png", Image.fromarray(canvas).convert(mode)))
    assert (loaded[20, 20].min(), loaded[5, 5].max()) == (255, 0)


def test_light_paper_with_transparent_corners_keeps_a_white_background(tmp_path: Path) -> None:
    canvas = np.full((40, 40, 4), 255, np.uint8)
    canvas[:5, :5, 3], canvas[10:30, 18:22, :3] = 0, 160
    assert load_picture(save(tmp_path / "page.png", Image.fromarray(canvas)))[0, 0].min() == 255


def test_a_deep_grey_picture_with_an_alpha_channel(tmp_path: Path) -> None:
    """A PNG of colour type 4 with 16 bits: black on the left, transparent on the right."""
    rows = zlib.compress(b"\0\0\0\xff\xff\0\0\0\0" * 2)
    path = write(tmp_path / "page.png", png(2, 2, chunk(b"IDAT", rows) + chunk(b"IEND", b""), 16, 4))
    loaded = load_picture(path)
    assert (loaded[:, 0].max(), loaded[:, 1].min()) == (0, 255)


@pytest.mark.parametrize(
    ("orientation", "dark_and_red_side"),
    [
        (1, ("left", "top")),
        (2, ("right", "top")),
        (3, ("right", "bottom")),
        (4, ("left", "bottom")),
        (5, ("top", "left")),
        (6, ("top", "right")),
        (7, ("bottom", "right")),
        (8, ("bottom", "left")),
    ],
)
@pytest.mark.parametrize(
    ("form", "mode"),
    [("JPEG", "RGB"), ("PNG", "RGB"), ("PNG", "RGBA"), ("TIFF", "RGB"), ("TIFF", "RGBA"), ("WEBP", "RGBA")],
)
def test_every_orientation_is_turned_upright_with_and_without_alpha(
    tmp_path: Path, form: str, mode: str, orientation: int, dark_and_red_side: tuple[str, str]
) -> None:
    image = striped()
    image[:24, :, 2] = 255  # red at the top distinguishes a mirrored picture from a turned one
    stored = Image.fromarray(image[..., ::-1]).convert(mode)
    upright = load_picture(save(tmp_path / "page", stored, form, exif=exif(orientation))).astype(int)
    assert upright.shape == ((48, 64, 3) if orientation <= 4 else (64, 48, 3))
    blue, red = upright[..., 0], upright[..., 2] - upright[..., 0]

    def sides(channel: NDArray[np.int_]) -> dict[str, float]:
        parts = {"left": channel[:, :20], "right": channel[:, -20:], "top": channel[:20], "bottom": channel[-20:]}
        return {side: float(part.mean()) for side, part in parts.items()}

    darkest = min(sides(blue).items(), key=lambda side: side[1])
    reddest = max(sides(red).items(), key=lambda side: side[1])
    assert (darkest[0], reddest[0]) == dark_and_red_side


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_a_senseless_orientation_is_ignored(tmp_path: Path, orientation: int) -> None:
    path = save(tmp_path / "page.jpg", Image.fromarray(striped()), "JPEG", exif=exif(orientation))
    assert load_picture(path).shape == (48, 64, 3)


def pages_of(path: Path) -> list[tuple[str, NDArray[np.uint8]]]:
    with PictureFile(path) as file:
        return [(file.title(number), file.load(number)) for number in range(file.page_count)]


@pytest.mark.parametrize("form", ["TIFF", "PDF"])
def test_every_page_is_read_and_named(tmp_path: Path, form: str) -> None:
    first, *others = (Image.new("L", (40 + 8 * number, 32), 60 * number) for number in range(1, 4))
    path = save(tmp_path / "scan", first, form, save_all=True, append_images=others, resolution=200)
    pages = pages_of(path)
    assert [title for title, _ in pages] == [f"{path}, page {number} of 3" for number in (1, 2, 3)]
    assert [image.shape[1] // 8 for _, image in pages] == [6, 7, 8]
    assert [abs(int(image[16, 16, 0]) - 60 * number) <= 2 for number, (_, image) in enumerate(pages, 1)] == [True] * 3


def test_a_picture_of_several_views_is_one_picture(tmp_path: Path) -> None:
    views = [Image.new("RGB", (8, 8), colour) for colour in ("white", "black")]
    path = save(tmp_path / "page.jpg", views[0], "MPO", save_all=True, append_images=views[1:])
    assert [(title, int(image.min())) for title, image in pages_of(path)] == [(str(path), 255)]


def error_message(path: Path, limit_bytes: int | None = None) -> str:
    with pytest.raises(PictureError) as caught, PictureFile(path, limit_bytes) as file:
        file.load(0)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.mark.parametrize(("name", "form"), [*FORMATS.items(), ("lzw.tif", "TIFF")])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_truncated_picture_is_refused_without_stderr(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, form: str, share: float
) -> None:
    options = {"compression": "tiff_lzw"} if name == "lzw.tif" else {}
    path = save(tmp_path / name, Image.fromarray(NOISE), form, **options)
    content = path.read_bytes()
    assert "is cut off or damaged" in error_message(write(path, content[: int(share * len(content))]))
    assert capfd.readouterr().err == ""


def test_a_jpeg_without_its_end_marker_is_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "page.jpg", Image.fromarray(NOISE), "JPEG")
    complete = load_picture(path)
    assert (load_picture(write(path, path.read_bytes()[:-2])) == complete).all()
    assert capfd.readouterr().err == ""


def test_a_jpeg_without_all_its_data_is_refused_although_it_has_its_end_marker(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = save(tmp_path / "page.jpg", Image.fromarray(NOISE), "JPEG")
    content = path.read_bytes()
    assert "cut off" in error_message(write(path, content[: len(content) // 2] + b"\xff\xd9"))
    assert capfd.readouterr().err == ""


def test_a_png_with_a_bad_chunk_is_read_without_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "page.png", Image.fromarray(striped()))
    content = path.read_bytes()
    write(path, content[:33] + chunk(b"tIME", b"now") + content[33:])
    assert (load_picture(path) == striped()).all()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello, world", "is not a picture of a known format"),
        (b"\0\0\0\x20ftypisom" + bytes(600), "is a video, not a picture; read it with 'digit-agent run --source "),
        (b"\xff\xd8\xff", "is cut off or damaged"),
        (b"P5 -3 900000000 255\n", "is cut off or damaged"),
        (b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(100), "is cut off or damaged"),
        (b"%PDF-1.7 nothing else", "is cut off or damaged"),
    ],
)
def test_a_file_that_is_not_a_picture_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    assert message in error_message(write(tmp_path / "page.jpg", content))


def test_a_raw_photograph_is_refused_although_its_preview_could_be_read(tmp_path: Path) -> None:
    Image.fromarray(striped()).save(tmp_path / "page.dng", "TIFF", tiffinfo={50706: b"\x01\x04\0\0"})
    with pytest.raises(PictureError, match=r"page\.dng is a raw photograph \(DNG\), of which only a small preview"):
        PictureFile(tmp_path / "page.dng")


def test_a_missing_picture_is_refused(tmp_path: Path) -> None:
    assert "No such file" in error_message(tmp_path / "page.jpg")


def test_a_folder_and_a_pipe_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "page.jpg")
    assert "cannot be read (it is not a regular file)" in error_message(tmp_path / "page.jpg")
    assert "cannot be read (Is a directory)" in error_message(tmp_path)


def test_a_name_that_is_not_utf8_is_shown_with_replacement_characters(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path / "page") + b"\xff.png"))
    with PictureFile(save(path, Image.fromarray(striped()))) as file:
        assert file.title(0) == f"{tmp_path}/page\ufffd.png"


def test_a_picture_without_permission_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "page.png", Image.fromarray(striped()))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read every file")
    assert "Permission denied" in error_message(path)


@pytest.mark.parametrize(
    ("name", "form", "module"), [("page.heic", "HEIF", "pillow_heif"), ("page.pdf", "PDF", "pypdfium2")]
)
def test_a_format_without_its_extra_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, form: str, module: str
) -> None:
    path = save(tmp_path / name, Image.fromarray(striped()), form)
    monkeypatch.setitem(sys.modules, module, None)  # as if it was not installed: importing it fails
    assert "needs an extra; run \"pip install 'digit-agent[pictures]'\"" in error_message(path)


def smuggled_jpeg(width: int) -> bytes:
    """A JPEG whose true frame header comes after a marker without parameters, where some parsers see a segment."""
    _, encoded = cv2.imencode(".jpg", np.full((64, 64, 3), 255, np.uint8))
    jpeg = encoded.tobytes()
    at = jpeg.index(b"\xff\xc0")
    size = struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
    frame, rest = jpeg[at : at + 2 + size], jpeg[2:at] + jpeg[at + 2 + size :]
    large = frame[:5] + struct.pack(">HH", width, width) + frame[9:]
    inner = large + b"\xff\xfe" + struct.pack(">H", 2 + len(frame))
    return b"\xff\xd8\xff\xd0" + struct.pack(">H", 2 + len(inner)) + inner + frame + rest


def repeated_tag_tiff(width: int) -> bytes:
    """A TIFF that has its width and height twice: parsers differ in which one counts."""
    strip = zlib.compress(b"\xff" * width * 16, 9)
    count = -(-width // 16)
    base = 8 + 2 + 12 * 13 + 4
    tags = [(256, width), (257, width), (256, 10), (257, 10), (258, 8), (259, 8), (262, 1)]
    rows = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags]
    rows += [struct.pack("<HHII", 273, 4, count, base), struct.pack("<HHII", 277, 3, 1, 1)]
    rows += [struct.pack("<HHII", 278, 4, 1, 16), struct.pack("<HHII", 279, 4, count, base + 4 * count)]
    rows += [struct.pack("<HHII", tag, 4, 1, 1) for tag in (282, 283)]
    offsets = struct.pack("<I", base + 8 * count) * count + struct.pack("<I", len(strip)) * count
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(rows)) + b"".join(rows) + bytes(4) + offsets + strip


@pytest.mark.parametrize(
    "content",
    [
        png(20_000, 20_000, chunk(b"IDAT", zlib.compress(bytes(100)))),
        png(2**31 - 1, 2**31 - 1, chunk(b"IDAT", zlib.compress(bytes(100)))),
        png(9_000, 9_000, chunk(b"IDAT", zlib.compress(bytes(100)))),
        b"P5 30000 30000 255\n" + bytes(100),
        b"P5 #" + b"x" * 5000 + b"\n30000 30000 255\n",
        b"BM" + struct.pack("<IHHIIHHHH", 26, 0, 0, 26, 12, 30000, 30000, 1, 24),
        smuggled_jpeg(20_000),
        repeated_tag_tiff(20_000),
    ],
    ids=["png", "png of 2^62", "png of 81 million", "pnm", "pnm, long comment", "bmp", "jpeg", "tiff"],
)
def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path, content: bytes) -> None:
    assert "pixels; this board decodes " in read_with_little_memory(write(tmp_path / "page", content), 256)


def read_with_little_memory(path: Path, free_mb: int) -> str:
    """Read a picture in a child process that may allocate only this much, and return its stderr."""
    code = (
        "import resource, sys, pathlib; from agent.capture.pictures import load_picture\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (used + ({free_mb} << 20),) * 2)\n"
        "load_picture(pathlib.Path(sys.argv[1]))"
    )
    child = [sys.executable, "-c", code, str(path)]
    return subprocess.run(child, capture_output=True, text=True, check=False, timeout=120).stderr


@pytest.mark.parametrize(
    ("form", "options", "size"),
    [("PNG", {}, (100, 100)), ("JPEG", {}, (100, 100)), ("WEBP", {}, (100, 100)), ("TIFF", {}, (100, 100))],
)
def test_the_largest_picture_depends_on_the_memory_of_the_board(
    tmp_path: Path, form: str, options: dict[str, object], size: tuple[int, int]
) -> None:
    path = save(tmp_path / "page", Image.new("RGB", size), form, **options)
    assert "100×100 pixels; this board decodes 0 million" in error_message(path, 60_000)
    with PictureFile(path, 200_000) as file:
        assert file.load(0).shape == (100, 100, 3)


def test_a_picture_for_which_memory_is_short_is_not_called_damaged(tmp_path: Path) -> None:
    path = save(tmp_path / "page.jpg", Image.new("L", (6_000, 6_000)), "JPEG")
    assert "needs more memory than is free" in read_with_little_memory(path, 64)


def test_a_jpeg_of_fill_bytes_is_refused_quickly(tmp_path: Path) -> None:
    path = write(tmp_path / "page.jpg", b"\xff\xd8" + b"\xff" * 30_000_000)
    assert "is cut off or damaged" in error_message(path)  # it took 2 s a megabyte


@contextmanager
def standard_input(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        yield


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_the_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    content = io.BytesIO()
    Image.fromarray(striped()).save(content, form)
    with standard_input(content.getvalue(), monkeypatch), PictureFile(STANDARD_INPUT) as file:
        assert (file.title(0), file.load(0).shape) == ("standard input", (48, 64, 3))


def test_a_standard_input_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        standard_input(bytes(3 << 20), monkeypatch),
        pytest.raises(PictureError, match="standard input has more than 2 MB"),
    ):
        PictureFile(STANDARD_INPUT, 2 << 20)
