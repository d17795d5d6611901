"""The library: `Reader`, and the names that `agent` exports."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import agent
from agent import PictureError, Reader
from agent.summary import score
from agent.vision.page import Page
from profiles.errors import ManifestError, UsageError

if TYPE_CHECKING:
    from tests.agent.conftest import Note

NUMBERS = ["561", "247", "90", "83"]


@pytest.fixture(scope="module")
def reader() -> Reader:
    """A reader with the artifacts that ship with the package."""
    return Reader()


def numbers(page: Page) -> list[str]:
    return [reading.text for reading in page.readings]


@pytest.mark.parametrize("depth", ["quick", "thorough"])
def test_a_handwritten_note_is_read(depth: str, note: Note) -> None:
    page = Reader(depth=depth).read(note.image)
    assert numbers(page) == NUMBERS
    assert score(note.digits, page.digits).right == len(note.digits)
    assert (page.width, page.height) == (640, 240)


def test_the_choice_names_the_net_and_the_reason(reader: Reader) -> None:
    assert reader.choice.reason


def test_an_unknown_depth_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no depth 'deep'; choose one of 'quick', 'thorough'"):
        Reader(depth="deep")


def bgra(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with the paper made transparent, and black where it is transparent."""
    ink = image.min(axis=2) < 190
    return np.dstack([image * ink[..., None], np.where(ink, 255, 0).astype(np.uint8)])


KINDS: dict[str, Any] = {
    "grey": lambda image: cv2.cvtColor(image, cv2.COLOR_BGR2GRAY),
    "BGRA": bgra,
    "float32": lambda image: image.astype(np.float32) / 255,
    "float64 grey": lambda image: cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) / 255,
    "float16": lambda image: (image / 255).astype(np.float16),
    "reversed channels": lambda image: image[..., ::-1],
    "upside down in memory": lambda image: image[::-1].copy()[::-1],
    "Fortran order": np.asfortranarray,
}


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_several_kinds_are_read(kind: str, note: Note, reader: Reader) -> None:
    assert numbers(reader.read(KINDS[kind](note.image))) == NUMBERS


def test_float_and_uint8_give_the_same_readings(note: Note, reader: Reader) -> None:
    assert reader.read(note.image / 255).to_dict() == reader.read(note.image).to_dict()


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_is_read(kind: type[str | Path], note: Note, reader: Reader, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "note.png"), note.image)
    assert numbers(reader.read(kind(tmp_path / "note.png"))) == NUMBERS


def test_a_missing_file_is_reported(reader: Reader) -> None:
    with pytest.raises(PictureError, match=r"missing\.jpg cannot be read"):
        reader.read("missing.jpg")


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((4, 4, 3), np.int8), r"a picture cannot be int8 \(4, 4, 3\); pass uint8: BGR "),
        (np.zeros((4, 4, 3), np.uint16), r"cannot be uint16 \(4, 4, 3\)"),
        (np.zeros((4, 4, 3), bool), r"cannot be bool \(4, 4, 3\)"),
        (np.zeros((4, 4, 1), np.uint8), r"cannot be uint8 \(4, 4, 1\)"),
        (np.zeros((4, 4, 4), np.float32), r"cannot be float32 \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), r"cannot be uint8 \(0, 4, 3\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"cannot be uint8 \(1, 4, 4, 3\)"),
        (np.zeros(4, np.uint8), r"cannot be uint8 \(4,\)"),
        (np.full((4, 4), np.nan), "must have values from 0 to 1, not nan to nan"),
        (np.full((4, 4), 255.0), "must have values from 0 to 1, not 255 to 255"),
        (np.full((4, 4), -0.1), "must have values from 0 to 1, not -0.1 to -0.1"),
        (None, "cv2.imread returns None for a file that it cannot read"),
        ([[[0, 0, 0]]], "a picture must be a path or an array, not list"),
    ],
)
def test_other_objects_are_refused_in_one_line(picture: Any, message: str, reader: Reader) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        reader.read(picture)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3)])
def test_tiny_pictures_are_read_as_empty(size: tuple[int, int], reader: Reader) -> None:
    page = reader.read(np.full((*size, 3), 99, np.uint8))
    assert (page.height, page.width, page.digits, page.readings) == (*size, (), ())


def test_a_read_only_view_is_read(note: Note, reader: Reader) -> None:
    wide = np.full((note.image.shape[0], 700, 3), 225, np.uint8)
    wide[:, 30:670] = note.image
    view = wide[:, 30:670]
    view.flags.writeable = False
    assert numbers(reader.read(view)) == NUMBERS


@pytest.mark.slow
def test_threads_may_share_a_reader(note: Note, reader: Reader) -> None:
    """Four threads read different pictures at the same time, and get the results of one thread.

    The net that a fallback replaced gives other probabilities, so the test also shows that no thread made a net fail.
    """
    shifted = np.roll(note.image, 40, axis=1)
    pictures = [note.image, shifted, 255 - note.image, shifted[::-1]] * 4
    expected = [reader.read(picture).to_dict() for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda picture: reader.read(picture).to_dict(), pictures)) == expected


def test_a_folder_without_artifacts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"no manifest\.json"):
        Reader(str(tmp_path))


def test_the_public_names_are_complete() -> None:
    assert agent.__all__ == [
        "Box",
        "Digit",
        "DigitAgentError",
        "Form",
        "FormError",
        "FormNotFoundError",
        "ManifestError",
        "NoArtifactError",
        "Page",
        "PictureError",
        "Reader",
        "Reading",
        "Record",
        "RecordField",
        "RuledTable",
        "SourceError",
        "TableCell",
        "Track",
        "UsageError",
        "__version__",
    ]
    assert all(getattr(agent, name) is not None for name in agent.__all__)
    assert set(agent.__all__) <= set(dir(agent))
    with pytest.raises(AttributeError, match="no attribute 'Writer'"):
        agent.Writer  # noqa: B018


def test_importing_the_package_loads_no_opencv() -> None:
    code = "import sys, agent; agent.__version__; agent.UsageError; print('cv2' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


def test_a_page_is_ready_for_json(note: Note, reader: Reader) -> None:
    page = reader.read(note.image)
    plain = json.loads(json.dumps(page.to_dict()))
    assert list(plain) == ["width", "height", "angle_deg", "digits", "readings"]
    assert [reading["text"] for reading in plain["readings"]] == NUMBERS
    assert [digit for reading in plain["readings"] for digit in reading["digits"]] == plain["digits"]


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [3, 8, 20])
def test_noise_on_a_blank_page_is_not_read(sigma: float, reader: Reader) -> None:
    grain = np.random.default_rng(2).normal(200, sigma, (700, 900, 1))
    page = reader.read(np.repeat(np.clip(grain, 0, 255).astype(np.uint8), 3, axis=2))
    assert page.digits == ()
