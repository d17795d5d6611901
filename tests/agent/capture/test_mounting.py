from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.capture.mounting import MountedSource, Mounting, parse_mounting
from agent.capture.source import Frame, Source
from agent.vision.box import Box
from profiles.errors import PictureError, UsageError

WIDTH, HEIGHT = 6, 4


def corner_image() -> NDArray[np.uint8]:
    """A picture whose corners are 1 and 2 above, 3 and 4 below."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[0, 0], image[0, -1], image[-1, 0], image[-1, -1] = 1, 2, 3, 4
    return image


class Images(Source):
    """A source of given images."""

    title, live = "images", False

    def __init__(self, *images: NDArray[np.uint8]) -> None:
        self._images = list(images)

    def read(self) -> Frame | None:
        return Frame(self._images.pop(0), 0, 0, "images") if self._images else None

    def close(self) -> None:
        self._images.clear()


@pytest.mark.parametrize(
    ("mounting", "corners"),
    [
        (Mounting(), [1, 2, 3, 4]),
        (Mounting(90), [3, 1, 4, 2]),
        (Mounting(180), [4, 3, 2, 1]),
        (Mounting(270), [2, 4, 1, 3]),
        (Mounting(flip=True), [2, 1, 4, 3]),
        (Mounting(90, flip=True), [1, 3, 2, 4]),
    ],
)
def test_a_picture_is_turned_clockwise_and_then_mirrored(mounting: Mounting, corners: list[int]) -> None:
    turned = mounting.turn(corner_image())
    assert [int(turned[y, x, 0]) for y in (0, -1) for x in (0, -1)] == corners


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("100,50,400,300", Box(100, 50, 400, 300)),
        ("25%, 50%, 50%, 25%", Box(160, 240, 320, 120)),
        ("0%,0%,100%,100%", Box(0, 0, 640, 480)),
        ("600,400,500,500", Box(600, 400, 40, 80)),
    ],
    ids=["pixels", "per cent", "all", "partly outside"],
)
def test_a_region_is_a_box_in_the_picture(text: str, box: Box) -> None:
    assert parse_mounting(text, None, None).box(640, 480) == box


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "10%,20,30,40", "a,b,c,d", "-5,0,10,10", "1,2,0,4"])
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a region of a picture; write --roi|is empty; give a width"):
        parse_mounting(text, None, None)


def test_only_quarter_turns_are_possible() -> None:
    with pytest.raises(UsageError, match=r"pictures cannot be rotated by 45°; give --rotate 0, 90, 180 or 270"):
        parse_mounting(None, 45, None)


def test_frames_are_turned_and_an_equal_array_stays_one() -> None:
    image = corner_image()
    with MountedSource(Images(image, image, image.copy()), Mounting(90), one_size=True) as source:
        first, second, third = (source.read() for _ in range(3))
        assert source.read() is None
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.image.shape == (WIDTH, HEIGHT, 3)
    assert first.image is second.image
    assert third.image is not first.image


@pytest.mark.parametrize(("one_size", "error"), [(True, UsageError), (False, PictureError)])
def test_a_region_outside_ends_a_camera_and_skips_a_picture(one_size: bool, error: type[Exception]) -> None:
    mounting = parse_mounting("100,100,10,10", None, None)
    with (
        MountedSource(Images(corner_image()), mounting, one_size=one_size) as source,
        pytest.raises(error, match=r"the region 100,100,10,10 holds no pixel of the picture, which has 6×4"),
    ):
        source.read()
