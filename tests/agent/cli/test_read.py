from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from agent.capture.opener import open_source
from agent.capture.source import Frame
from agent.capture.uri import parse_source
from agent.summary import score
from agent.vision.box import Box
from agent.vision.digits import Digit

if TYPE_CHECKING:
    from tests.agent.conftest import Note

pytestmark = pytest.mark.slow

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))
TIGHT_PX = 3


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache folder that all tests share, so that the best net is measured only once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def folder(note: Note, tmp_path: Path) -> Path:
    """Return a folder with note.png."""
    cv2.imwrite(str(tmp_path / "note.png"), note.image)
    return tmp_path


def read(cache: Path, folder: Path, *argv: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command; its stderr is without the progress of the first choice."""
    environ = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    command = [EXECUTABLE, "read", *argv]
    done = subprocess.run(command, capture_output=True, timeout=360, check=False, env=environ, cwd=folder)
    lines = done.stderr.splitlines(keepends=True)
    done.stderr = b"".join(line for line in lines if not line.startswith(b"looking for the best net: "))
    return done


def read_json(cache: Path, folder: Path, *argv: str) -> list[dict[str, Any]]:
    done = read(cache, folder, "--json", *argv)
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def digits_of(page: dict[str, Any]) -> list[Digit]:
    return [Digit(row["digit"], row["probability"], Box(*row["box"])) for row in page["digits"]]


def test_json_has_one_object_per_picture(cache: Path, folder: Path, note: Note) -> None:
    (page,) = read_json(cache, folder, "note.png")
    assert list(page) == ["source", "width", "height", "angle_deg", "digits", "readings"]
    assert (page["source"], page["width"], page["height"]) == ("note.png", 640, 240)
    assert [list(row) for row in page["digits"]] == [["digit", "probability", "box"]] * len(note.digits)
    assert [list(row) for row in page["readings"]] == [
        [
            "text",
            "digits_text",
            "value",
            "value_note",
            "box",
            "confidence",
            "digits_confidence",
            "undecided",
            "cut_by_edge",
            "digits",
            "alternatives",
        ]
    ] * 4
    assert [row["text"] for row in page["readings"]] == ["561", "247", "90", "83"]
    for found, true in zip(digits_of(page), note.digits, strict=True):
        assert found.digit == true.digit
        assert 0.5 < found.probability <= 1
        assert all(type(number) is int for number in found.box)
        assert np.abs(np.subtract(found.box, true.box)).max() <= TIGHT_PX


def test_text_has_the_numbers_in_the_lines_of_the_picture(cache: Path, folder: Path) -> None:
    done = read(cache, folder, "note.png")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == "note.png  640×240, 10 digits\n  561   247\n  90   83\n"


def test_a_picture_is_rotated_by_its_exif_orientation(cache: Path, folder: Path, note: Note) -> None:
    """Orientation 6: the picture must be rotated clockwise by 90 degrees (Exif 2.3, 4.6.4)."""
    content = cv2.imencode(".jpg", cv2.rotate(note.image, cv2.ROTATE_90_COUNTERCLOCKWISE))[1].tobytes()
    tiff = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, 6, 0, 0)
    exif = b"\xff\xe1" + struct.pack(">H", 2 + 6 + len(tiff)) + b"Exif\0\0" + tiff
    (folder / "side.jpg").write_bytes(content[:2] + exif + content[2:])
    (page,) = read_json(cache, folder, "side.jpg")
    assert (page["width"], page["height"]) == (640, 240)
    assert score(note.digits, digits_of(page)).right == len(note.digits)


def test_a_damaged_picture_is_reported_and_the_others_are_read(cache: Path, folder: Path) -> None:
    content = (folder / "note.png").read_bytes()
    (folder / "10.png").write_bytes(content)
    (folder / "9.png").write_bytes(content[: len(content) // 2])
    done = read(cache, folder, "--json", ".", "missing.png", "note.png")
    assert done.returncode == 1
    pages = [json.loads(line) for line in done.stdout.splitlines()]
    assert [page["source"] for page in pages] == ["10.png", "note.png", "note.png"]
    damaged, missing = done.stderr.decode().splitlines()
    assert damaged.startswith("digit-agent: 9.png is cut off")
    assert missing.startswith("digit-agent: no picture missing.png")


def test_a_file_name_that_is_not_text_gives_valid_json(cache: Path, folder: Path) -> None:
    (folder / "note.png").rename(folder / os.fsdecode(b"note \xff%s.png"))
    assert read_json(cache, folder, ".")[0]["source"] == "note \ufffd%s.png"


def test_explain_writes_a_folder(cache: Path, folder: Path) -> None:
    shown = folder / "why" / "index.html"
    done = read(cache, folder, "--explain", "why", "--json", "note.png")
    assert (done.returncode, done.stdout) == (0, read(cache, folder, "--json", "note.png").stdout)
    assert done.stderr.decode() == f"digit-agent: every step is shown in {shown.relative_to(folder)}\n"
    assert "561, 247, 90, 83" in shown.read_text("utf-8")
    assert cv2.imread(str(folder / "why" / "note" / "readings.png")) is not None


def test_if_explain_cannot_write_nothing_is_read(cache: Path, folder: Path) -> None:
    done = read(cache, folder, "--explain", "note.png", "note.png")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == "digit-agent: note.png cannot be written (File exists); choose another folder\n"


def test_an_error_of_all_pictures_is_printed_once(cache: Path, folder: Path) -> None:
    done = read(cache, folder, "--artifacts", "nowhere", "note.png", "note.png")
    assert (done.returncode, done.stdout) == (1, b"")
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"digit-agent: no manifest.json in {folder}/nowhere; ")


def test_frames_of_the_demo_are_read_as_pictures(cache: Path, tmp_path: Path) -> None:
    """The artifacts that ship read one frame of each sheet."""
    with open_source(parse_source("demo:?frames=3")) as source:
        frames: list[Frame] = list(iter(source.read, None))
    for frame in frames:
        cv2.imwrite(str(tmp_path / f"{frame.number}.png"), frame.image)
    pages = read_json(cache, tmp_path, ".")
    assert [page["source"] for page in pages] == ["0.png", "1.png", "2.png"]
    scores = [score(frame.truth or (), digits_of(page)) for frame, page in zip(frames, pages, strict=True)]
    assert sum(one.true for one in scores) > 50
    assert sum(one.right for one in scores) >= 0.98 * sum(one.true for one in scores)


def test_a_sideways_picture_is_turned_and_one_region_of_it_is_read(note: Note, cache: Path, tmp_path: Path) -> None:
    height, width = note.image.shape[:2]
    region = Box(0, 0, width, 115)  # the first line
    cv2.imwrite(str(tmp_path / "sideways.png"), cv2.rotate(note.image, cv2.ROTATE_90_COUNTERCLOCKWISE))
    roi = ",".join(map(str, region))
    (page,) = read_json(cache, tmp_path, "--rotate", "90", "--roi", roi, "sideways.png")
    assert (page["width"], page["height"]) == (width, height)
    assert [reading["text"] for reading in page["readings"]] == note.lines[0].split()
    inside = note.digits[:6]
    assert score(inside, digits_of(page)).right == len(inside)


def test_a_region_outside_of_one_picture_does_not_stop_the_others(folder: Path, cache: Path) -> None:
    cv2.imwrite(str(folder / "a.png"), np.full((20, 20, 3), 255, np.uint8))
    done = read(cache, folder, "--roi", "30,30,4000,4000", "a.png", "note.png")
    assert done.returncode == 1
    assert b"a.png: the region 30,30,4000,4000 holds no pixel of the picture, which has 20\xc3\x9720" in done.stderr
    assert b"note.png" in done.stdout
