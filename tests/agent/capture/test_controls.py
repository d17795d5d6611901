"""Controls of a camera whose kernel is played by `FakeKernel`, because this machine may have none."""

from __future__ import annotations

import errno
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from agent.capture.controls import (
    GET_CONTROL,
    QUERY_CONTROL,
    QUERY_MENU,
    SET_CONTROL,
    WantedControl,
    list_controls,
    parse_controls,
    set_controls,
)
from agent.capture.opener import open_source
from agent.capture.picamera import libcamera_values
from agent.capture.uri import parse_source
from profiles.errors import SourceError, UsageError

BRIGHTNESS, AUTO, EXPOSURE, FOCUS, POWER_LINE = 0x980900, 0x9A0901, 0x9A0902, 0x9A090C, 0x980918
INTEGER, BOOLEAN, MENU, CLASS, INTEGER_MENU = 1, 2, 3, 6, 9
READ_ONLY = 0x4


@dataclass
class FakeKernel:
    """Answers the ioctls of a camera, in the kernel's structures; it refuses the exposure while that is automatic."""

    values: dict[int, int] = field(
        default_factory=lambda: {BRIGHTNESS: 128, AUTO: 3, EXPOSURE: 250, FOCUS: 1, POWER_LINE: 0}
    )
    written: list[tuple[int, int]] = field(default_factory=list)

    ROWS = (
        (0x980001, CLASS, b"User Controls", 0, 0, 0, 0, 0),
        (BRIGHTNESS, INTEGER, b"Brightness", 0, 255, 1, 128, 0),
        (POWER_LINE, INTEGER_MENU, b"Power Line Frequency", 0, 1, 1, 0, 0),
        (0x98091F, INTEGER, b"Serial", 0, 9, 1, 0, READ_ONLY),
        (AUTO, MENU, b"Auto Exposure", 0, 3, 1, 3, 0),
        (EXPOSURE, INTEGER, b"Exposure Time, Absolute", 3, 2047, 1, 250, 0),
        (FOCUS, BOOLEAN, b"Focus, Automatic Continuous", 0, 1, 1, 1, 0),
    )
    MENUS: ClassVar = {(AUTO, 1): b"Manual Mode", (AUTO, 3): b"Aperture Priority Mode"}
    FREQUENCIES = (50, 60)

    def __call__(self, handle: int, request: int, buffer: bytearray) -> None:
        os.fstat(handle)  # the device is open
        number = struct.unpack_from("=I", buffer)[0]
        if request == QUERY_CONTROL:
            row = next((row for row in self.ROWS if row[0] > number & 0x7FFFFFFF), None)
            if row is None or not number & 0x80000000:
                raise OSError(errno.EINVAL, "Invalid argument")
            struct.pack_into("=II32siiiiI", buffer, 0, *row)
        elif request == QUERY_MENU:
            place = struct.unpack_from("=I", buffer, 4)[0]
            if number == POWER_LINE:
                struct.pack_into("=q", buffer, 8, self.FREQUENCIES[place])
            elif (number, place) in self.MENUS:
                struct.pack_into("=32s", buffer, 8, self.MENUS[number, place])
            else:
                raise OSError(errno.EINVAL, "Invalid argument")
        elif request == GET_CONTROL:
            struct.pack_into("=i", buffer, 4, self.values[number])
        else:
            assert request == SET_CONTROL
            if number == EXPOSURE and self.values[AUTO] != 1:
                raise OSError(errno.EIO, "Input/output error")
            self.values[number] = struct.unpack_from("=i", buffer, 4)[0]
            self.written.append((number, self.values[number]))


@pytest.fixture
def device(tmp_path: Path) -> str:
    path = tmp_path / "video0"
    path.touch()
    return str(path)


def test_the_codes_are_those_of_the_kernel_s_header() -> None:
    assert (GET_CONTROL, SET_CONTROL, QUERY_CONTROL, QUERY_MENU) == (0xC008561B, 0xC008561C, 0xC0445624, 0xC02C5625)


def test_controls_are_listed_with_ranges_menus_and_values(device: str) -> None:
    assert [str(control) for control in list_controls(device, FakeKernel())] == [
        "brightness=0..255, now 128",
        "power_line_frequency=0 (50)|1 (60), now 0",
        "auto_exposure=1 (Manual Mode)|3 (Aperture Priority Mode), now 3",
        "exposure_time_absolute=3..2047, now 250",
        "focus_automatic_continuous=0..1, now 1",
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("brightness=10", [(BRIGHTNESS, 10)]),
        ("auto_exposure=1, exposure_time_absolute=200", [(AUTO, 1), (EXPOSURE, 200)]),
        ("auto_exposure=manual mode", [(AUTO, 1)]),
        ("focus_automatic_continuous=off", [(FOCUS, 0)]),
    ],
)
def test_controls_are_set_in_their_order(device: str, text: str, written: list[tuple[int, int]]) -> None:
    kernel = FakeKernel()
    set_controls(device, parse_controls(text), kernel)
    assert kernel.written == written


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("brightnes=10", r"has no control 'brightnes'; did you mean brightness\?"),
        ("zoom=10", r"has no control 'zoom'; 'digit-agent doctor' lists the controls"),
        ("brightness=256", r"does not take brightness=256; choose a value of brightness=0\.\.255, now 128"),
        ("brightness=bright", "does not take brightness=bright"),
        ("auto_exposure=0", r"choose a value of auto_exposure=1 \(Manual Mode\)\|3"),
        ("exposure_time_absolute=200", r"refuses exposure_time_absolute=200 \(Input/output error\); .*auto_exposure=1"),
    ],
)
def test_a_control_that_cannot_be_set_is_explained(device: str, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        set_controls(device, parse_controls(text), FakeKernel())


def test_a_device_that_is_no_camera_has_no_controls(device: str) -> None:
    assert list_controls(device) == ()


@pytest.mark.parametrize("text", ["brightness", "=3", "brightness=", "", "a=1,,b=2"])
def test_a_text_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a control of a camera with its value; write --control NAME=VALUE"):
        parse_controls(text)


def test_no_option_is_no_control() -> None:
    assert parse_controls(None) == ()


def test_a_source_that_is_no_camera_has_no_controls() -> None:
    with pytest.raises(UsageError, match="--control is for a camera of this machine"):
        open_source(parse_source("demo:"), controls=parse_controls("brightness=1"))


LIBCAMERA = {"AeEnable": (False, True, True), "ExposureTime": (60, 674181621, 20000), "AnalogueGain": (1.0, 16.0, 1.0)}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("AeEnable", "off", False), ("AeEnable", "1", True), ("ExposureTime", "200", 200), ("AnalogueGain", "2", 2.0)],
)
def test_controls_of_picamera2_have_its_types(name: str, value: str, expected: object) -> None:
    values = libcamera_values("csi://0", [WantedControl(name, value)], LIBCAMERA)
    assert values == {name: expected}
    assert type(values[name]) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Exposuretime", "200", r"csi://0 has no control 'Exposuretime'; did you mean ExposureTime\?"),
        ("ExposureTime", "1.5", "choose ExposureTime from 60 to 674181621"),
        ("AnalogueGain", "17", r"choose AnalogueGain from 1\.0 to 16\.0"),
        ("AeEnable", "maybe", "choose AeEnable from False to True"),
    ],
)
def test_a_control_that_picamera2_would_refuse_is_explained(name: str, value: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        libcamera_values("csi://0", [WantedControl(name, value)], LIBCAMERA)
