"""Controls of a camera, such as its exposure and its focus: `--control`, and those of a Video4Linux device.

The kernel's interface is https://docs.kernel.org/userspace-api/media/v4l/vidioc-queryctrl.html. Names are those of
`v4l2-ctl --list-ctrls`.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches

from profiles.errors import SourceError, UsageError
from profiles.foreign_text import show

Ioctl = Callable[[int, int, bytearray], object]
"""`fcntl.ioctl`: changes the buffer, or raises OSError."""

_QUERY = struct.Struct("=II32siiiiIII")
_MENU = struct.Struct("=II32sI")
_VALUE = struct.Struct("=Ii")
_KINDS = {1: "integer", 2: "boolean", 3: "menu", 9: "integer menu"}
"""Types of controls that have a number of 32 bits, by the kernel's `V4L2_CTRL_TYPE_`."""
_NEXT, _DISABLED, _READ_ONLY = 0x80000000, 0x1, 0x4
"""The kernel's `V4L2_CTRL_FLAG_`."""
MAX_CONTROLS = 500
"""Largest number of controls that is asked for: a faulty driver might never end."""
MAX_MENU = 64
"""Largest number of items of a menu that are asked for."""
SWITCHES = {"true": 1, "on": 1, "yes": 1, "false": 0, "off": 0, "no": 0}
"""Words for the values of a control that is on or off."""


def _request(number: int, size: int) -> int:
    """Return the code of an ioctl of Video4Linux that reads and writes a structure: `_IOWR('V', number, size)`."""
    return 3 << 30 | size << 16 | ord("V") << 8 | number


GET_CONTROL, SET_CONTROL = _request(27, _VALUE.size), _request(28, _VALUE.size)
QUERY_CONTROL, QUERY_MENU = _request(36, _QUERY.size), _request(37, _MENU.size)


@dataclass(frozen=True)
class CameraControl:
    """A control of a camera."""

    number: int
    """The kernel's number of the control."""
    name: str
    minimum: int
    maximum: int
    value: int | None
    """The present value; None if it cannot be read."""
    menu: Mapping[int, str] = field(default_factory=dict)
    """Names of the values, if only these are possible."""

    def __str__(self) -> str:
        now = "" if self.value is None else f", now {self.value}"
        if self.menu:
            return f"{self.name}={'|'.join(f'{number} ({text})' for number, text in self.menu.items())}{now}"
        return f"{self.name}={self.minimum}..{self.maximum}{now}"


@dataclass(frozen=True)
class WantedControl:
    """A control as a user wants it."""

    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


def parse_controls(text: str | None) -> tuple[WantedControl, ...]:
    """Return the controls that the option `--control` names; None is not given.

    Examples:
        >>> [str(one) for one in parse_controls("auto_exposure=1, exposure_time_absolute=200")]
        ['auto_exposure=1', 'exposure_time_absolute=200']

    Raises:
        UsageError: the text is not of this kind.
    """
    wanted = []
    for part in text.split(",") if text is not None else ():
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value):
            raise UsageError(
                f"{show(part.strip())!r} is not a control of a camera with its value",
                advice="write --control NAME=VALUE; 'digit-agent doctor' lists them",
            )
        wanted.append(WantedControl(name, value))
    return tuple(wanted)


def list_controls(device: str, ioctl: Ioctl = fcntl.ioctl) -> tuple[CameraControl, ...]:
    """Return the controls of a Video4Linux device that can be changed.

    Args:
        device: path of the device.
        ioctl: asks the kernel.

    Raises:
        OSError: the device cannot be opened.
    """
    with _opened(device) as handle:
        return tuple(_controls(handle, ioctl))


def set_controls(device: str, wanted: Sequence[WantedControl], ioctl: Ioctl = fcntl.ioctl) -> None:
    """Set controls of a Video4Linux device, in the given order: some can be changed only after another one.

    Args:
        device: path of the device.
        wanted: the controls.
        ioctl: asks the kernel.

    Raises:
        SourceError: the device has no such control, or refuses the value.
    """
    if not wanted:
        return
    with _opened(device) as handle:
        known = {control.name: control for control in _controls(handle, ioctl)}
        for one in wanted:
            control = known.get(one.name)
            if control is None:
                raise unknown_control(device, one.name, known)
            buffer = bytearray(_VALUE.pack(control.number, _number(device, control, one)))
            try:
                ioctl(handle, SET_CONTROL, buffer)
            except OSError as error:
                raise SourceError(
                    f"{device} refuses {show(one)} ({error.strerror})",
                    advice="set what makes it manual before it, such as auto_exposure=1",
                ) from error


def unknown_control(camera: str, name: str, known: Mapping[str, object]) -> SourceError:
    """Return the error of a control that a camera does not have."""
    close = get_close_matches(name, known, n=1)
    return SourceError(
        f"{camera} has no control {show(name)!r}",
        advice=f"did you mean {show(close[0])}?" if close else "'digit-agent doctor' lists the controls",
    )


@contextmanager
def _opened(device: str) -> Iterator[int]:
    """Open a device until the `with` block ends."""
    handle = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def _controls(handle: int, ioctl: Ioctl) -> Iterator[CameraControl]:
    number = 0
    for _ in range(MAX_CONTROLS):
        buffer = bytearray(_QUERY.pack(number | _NEXT, 0, b"", 0, 0, 0, 0, 0, 0, 0))
        try:
            ioctl(handle, QUERY_CONTROL, buffer)
        except OSError:  # there is no further one, or the device has none at all
            return
        number, kind, name, minimum, maximum, _step, _default, flags, *_ = _QUERY.unpack(buffer)
        if kind in _KINDS and not flags & (_DISABLED | _READ_ONLY):
            is_menu = _KINDS[kind].endswith("menu")
            menu = dict(_menu(handle, ioctl, number, kind, range(minimum, maximum + 1))) if is_menu else {}
            value = _value(handle, ioctl, number)
            yield CameraControl(number, _plain_name(_text(name)), minimum, maximum, value, menu)


def _menu(handle: int, ioctl: Ioctl, number: int, kind: int, places: range) -> Iterator[tuple[int, str]]:
    for place in places[:MAX_MENU]:
        buffer = bytearray(_MENU.pack(number, place, b"", 0))
        try:
            ioctl(handle, QUERY_MENU, buffer)
        except OSError:  # this camera lacks the item
            continue
        content = _MENU.unpack(buffer)[2]
        is_number = _KINDS[kind].startswith("integer")
        yield place, str(struct.unpack_from("=q", content)[0]) if is_number else _text(content)


def _value(handle: int, ioctl: Ioctl, number: int) -> int | None:
    buffer = bytearray(_VALUE.pack(number, 0))
    try:
        ioctl(handle, GET_CONTROL, buffer)
    except OSError:
        return None
    return int(_VALUE.unpack(buffer)[1])


def _number(device: str, control: CameraControl, wanted: WantedControl) -> int:
    """Return the number of a wanted value: it may be a number, a word for on or off, or the name of a menu's item."""
    text = wanted.value.lower()
    names = {name.lower(): number for number, name in control.menu.items()}
    value = int(text) if re.fullmatch(r"[+-]?\d{1,10}", text) else names.get(text, SWITCHES.get(text))
    if value is None or not control.minimum <= value <= control.maximum or (control.menu and value not in control.menu):
        raise SourceError(f"{device} does not take {show(wanted)}", advice=f"choose a value of {show(control)}")
    return value


def _plain_name(name: str) -> str:
    """Return a control's name as `v4l2-ctl` writes it: `Exposure Time, Absolute` is `exposure_time_absolute`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _text(content: bytes) -> str:
    return content.split(b"\0", 1)[0].decode(errors="replace")
