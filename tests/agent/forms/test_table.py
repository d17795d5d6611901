from __future__ import annotations

import csv
import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from agent import Reader
from agent.drawing.handwriting import draw_digit, random_handwriting
from agent.drawing.paper import apply_ink
from agent.forms.grid import find_grid
from profiles.errors import PictureError
from tests.agent.forms.sheets import photograph

COLUMNS = (120, 320, 560, 760, 1080)
ROWS = (100, 200, 300, 400, 500, 600)
TEXTS = {(0, 0): "12", (0, 3): "4071", (1, 1): "5", (2, 2): "38", (4, 0): "69", (4, 3): "250"}


def ruled(*, without: tuple[tuple[int, int, int, int], ...] = ()) -> NDArray[np.uint8]:
    """A ruled table of 5 rows and 4 columns with numbers, and white boxes (x, y, right, bottom) over its lines."""
    image = np.full((700, 1200, 3), 235, np.uint8)
    for x in COLUMNS:
        cv2.line(image, (x, ROWS[0]), (x, ROWS[-1]), (90, 90, 90), 3)
    for y in ROWS:
        cv2.line(image, (COLUMNS[0], y), (COLUMNS[-1], y), (90, 90, 90), 3)
    for x, y, right, bottom in without:
        image[y:bottom, x:right] = 235
    rng = np.random.default_rng(4)
    hand = random_handwriting(rng)
    for (row, column), text in TEXTS.items():
        for place, sign in enumerate(text):
            ink = draw_digit(rng, int(sign), 56, hand)
            apply_ink(image, ink, COLUMNS[column] + 25 + 46 * place, ROWS[row] + 22, (110, 50, 30))
    return image


def write(image: NDArray[np.uint8], text: str, at: tuple[int, int]) -> None:
    """Write a number, in place."""
    rng = np.random.default_rng(6)
    hand = random_handwriting(rng)
    for place, sign in enumerate(text):
        apply_ink(image, draw_digit(rng, int(sign), 56, hand), at[0] + 46 * place, at[1], (110, 50, 30))


def bent(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture as on a page that does not lie flat: its middle is 8 pixels lower."""
    height, width = image.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(image, x, y - 8 * np.sin(np.pi * x / width), cv2.INTER_LINEAR, borderValue=(235, 235, 235))  # type: ignore[return-value]


@pytest.mark.parametrize(
    "image",
    [
        ruled(),
        photograph(ruled(), angle_deg=20),
        photograph(ruled(), angle_deg=-20, tilt_deg=20),
        bent(ruled()),
        ruled(without=((560, 190, 760, 210), (750, 300, 770, 400))),
        ruled(without=((325, 190, 755, 210),)),
    ],
    ids=[
        "straight",
        "turned by 20°",
        "turned and tilted",
        "bent",
        "two pieces of lines",
        "a line of 54 % of its length",
    ],
)
def test_the_grid_of_a_table_is_found(image: NDArray[np.uint8]) -> None:
    grid = find_grid(image)
    assert grid is not None
    assert grid.size == (5, 4)


def test_each_crossing_is_where_the_lines_cross() -> None:
    grid = find_grid(ruled())
    assert grid is not None
    truth = np.stack(np.meshgrid(COLUMNS, ROWS), axis=2)
    assert np.abs(grid.corners - truth).max() < 4
    assert grid.cell_at(COLUMNS[1] + 20, ROWS[2] + 20) == (2, 1)
    assert grid.cell_at(COLUMNS[0] - 20, ROWS[2] + 20) is None


@pytest.mark.parametrize("angle_deg", [0, 15])
def test_each_number_is_in_its_cell(angle_deg: float) -> None:
    image = ruled() if not angle_deg else photograph(ruled(), angle_deg=angle_deg)
    table = Reader().read_table(image)
    expected = [[TEXTS.get((row, column), "") for column in range(4)] for row in range(5)]
    assert [list(row) for row in table.rows] == expected
    assert list(csv.reader(io.StringIO(table.to_csv()))) == expected
    assert all(cell.confidence > 0.5 for row in table.cells for cell in row)


def test_numbers_stay_apart_in_a_cell() -> None:
    image = ruled()
    write(image, "82", (330, 122))
    write(image, "6", (500, 122))
    assert Reader().read_table(image).rows[0][1] == "82 6"


def test_a_number_that_is_written_over_a_line_is_in_the_cell_with_its_middle() -> None:
    image = ruled()
    write(image, "86", (800, 258))
    rows = Reader().read_table(image).rows
    assert (rows[1][3], rows[2][3]) == ("86", "")


def test_a_number_that_is_crossed_out_is_left_out() -> None:
    image = ruled()
    write(image, "47", (140, 222))
    cv2.line(image, (125, 255), (240, 245), (110, 50, 30), 5)
    assert Reader().read_table(image).rows[1][0] == ""


@pytest.mark.parametrize(("keep_print", "text"), [(True, "47"), (False, "")])
def test_print_is_kept_or_left_out(*, keep_print: bool, text: str) -> None:
    image = ruled()
    cv2.putText(image, "47", (345, 170), cv2.FONT_HERSHEY_DUPLEX, 2, (40, 40, 40), 4, cv2.LINE_AA)
    rows = Reader().read_table(image, keep_print=keep_print).rows
    assert rows[0] == ("12", text, "", "4071")


def test_a_1_beside_a_line_is_kept() -> None:
    image = ruled()
    cv2.line(image, (COLUMNS[1] + 11, ROWS[1] + 22), (COLUMNS[1] + 9, ROWS[2] - 24), (110, 50, 30), 5, cv2.LINE_AA)
    assert Reader().read_table(image).rows[1] == ("", "15", "", "")


def test_a_picture_without_a_table_is_refused() -> None:
    with pytest.raises(PictureError, match="there is no ruled table in the picture"):
        Reader().read_table(np.full((480, 640, 3), 230, np.uint8))
