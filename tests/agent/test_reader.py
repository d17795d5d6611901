from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import agent
from agent import Reader
from agent.summary import score
from agent.vision.pipeline import QUICK, THOROUGH, Depth
from profiles.errors import ManifestError, UsageError

if TYPE_CHECKING:
    from tests.agent.conftest import Note


@pytest.fixture(scope="module")
def reader() -> Reader:
    """Reads with what ships."""
    return Reader()


@pytest.mark.parametrize("depth", [QUICK, THOROUGH], ids=["quick", "thorough"])
def test_a_written_note_is_read(depth: Depth, note: Note) -> None:
    page = Reader(depth=depth).read(note.image)
    assert [reading.text for reading in page.readings] == ["561", "247", "90", "83"]
    assert score(note.digits, page.digits).right == len(note.digits)
    assert (page.width, page.height) == (640, 240)


def test_it_says_which_net_reads_and_why(reader: Reader) -> None:
    assert reader.choice.reason.startswith(str(reader.choice.best.candidate))


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 3), np.int8),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((1, 4, 4, 3), np.uint8),
        None,  # what cv2.imread gives for a file that is not there
        "note.jpg",
        [[[0, 0, 0]]],
    ],
    ids=lambda picture: f"{picture.dtype} {picture.shape}" if isinstance(picture, np.ndarray) else str(picture),
)
def test_what_is_no_picture_is_wrong_use(picture: Any, reader: Reader) -> None:
    with pytest.raises(UsageError, match=r"a picture must be uint8 \(H, W, 3\), BGR"):
        reader.read(picture)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3)])
def test_the_smallest_pictures_hold_nothing(size: tuple[int, int], reader: Reader) -> None:
    page = reader.read(np.full((*size, 3), 99, np.uint8))
    assert (page.height, page.width, page.digits, page.readings) == (*size, (), ())


def test_a_part_of_a_picture_is_a_picture(note: Note, reader: Reader) -> None:
    """A view into an array, not contiguous, and one that may not be written."""
    wide = np.full((note.image.shape[0], 700, 3), 225, np.uint8)
    wide[:, 30:670] = note.image
    view = wide[:, 30:670]
    view.flags.writeable = False
    assert [reading.text for reading in reader.read(view).readings] == ["561", "247", "90", "83"]


def test_a_folder_without_artifacts_is_told(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"no manifest\.json"):
        Reader(str(tmp_path))


def test_it_is_all_that_the_package_offers() -> None:
    assert agent.__all__ == ["Reader"]
    with pytest.raises(AttributeError, match="no attribute 'Writer'"):
        agent.Writer  # noqa: B018


@pytest.mark.parametrize("sigma", [3, 8, 20])
def test_the_grain_of_a_blank_page_is_not_read(sigma: float, reader: Reader) -> None:
    grain = np.random.default_rng(2).normal(200, sigma, (700, 900, 1))
    page = reader.read(np.repeat(np.clip(grain, 0, 255).astype(np.uint8), 3, axis=2))
    assert page.digits == ()
