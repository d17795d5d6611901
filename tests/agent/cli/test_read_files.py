"""`digit-agent read` with the files that people have: folders of anything, pages, pipes, long pictures."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.agent.conftest import Note

pytestmark = pytest.mark.slow

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment with a cache that all tests share, so that the best net is measured only once."""
    return {**os.environ, "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}


def read(
    environ: dict[str, str], folder: Path, *argv: str, stdin: bytes = b""
) -> tuple[list[tuple[str, list[str]]], list[str], int]:
    """Return the source and the numbers of each picture, the lines of stderr, and the exit code."""
    command = [EXECUTABLE, "read", "--json", *argv]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=600, check=False, env=environ, cwd=folder)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    numbers = [(row["source"], [reading["text"] for reading in row["readings"]]) for row in rows]
    said = [line for line in done.stderr.decode().splitlines() if not line.startswith("looking for the best net")]
    return numbers, said, done.returncode


def encoded(note: Note, form: str, pages: int = 1) -> bytes:
    page, file = Image.fromarray(note.image), io.BytesIO()
    page.save(file, form, **({"save_all": True, "append_images": [page] * (pages - 1)} if pages > 1 else {}))
    return file.getvalue()


def test_a_folder_of_anything(environ: dict[str, str], tmp_path: Path, note: Note) -> None:
    (tmp_path / "1.jfif").write_bytes(encoded(note, "JPEG"))
    (tmp_path / "2").write_bytes(encoded(note, "TIFF", pages=2))
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(600))
    (tmp_path / "notes.txt").write_text("no picture")
    numbers = " ".join(note.lines).split()
    pages, stderr, code = read(environ, tmp_path, ".")
    assert pages == [("1.jfif", numbers), ("2, page 1 of 2", numbers), ("2, page 2 of 2", numbers)]
    assert stderr == ["digit-agent: .: skipped clip.mp4, notes.txt"]
    assert code == 0


def test_what_cannot_be_read_is_said_and_the_rest_is_read(environ: dict[str, str], tmp_path: Path, note: Note) -> None:
    (tmp_path / "clip.jpg").write_bytes(2 * encoded(note, "JPEG"))
    pages, stderr, code = read(environ, tmp_path, "clip.jpg", "-", "missing.png", stdin=encoded(note, "WEBP"))
    assert pages == [("standard input", " ".join(note.lines).split())]
    assert stderr == [
        "digit-agent: clip.jpg is a video, not a picture; read it with 'digit-agent run --source clip.jpg'",
        "digit-agent: no picture missing.png; check the name",
    ]
    assert code == 1


def test_a_long_picture_is_read_and_explained_in_parts(environ: dict[str, str], tmp_path: Path, note: Note) -> None:
    image = np.full((2600, 640, 3), 225, np.uint8)
    for top in (300, 2200):
        image[top : top + 240] = note.image
    cv2.imwrite(str(tmp_path / "long.png"), image)
    pages, _, code = read(environ, tmp_path, "long.png", "--explain", "why")
    assert pages == [("long.png", 2 * " ".join(note.lines).split())]
    assert code == 0
    assert "long.png, part 1 of 2" in (tmp_path / "why/index.html").read_text()
