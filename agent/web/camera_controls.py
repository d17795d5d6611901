"""Controls of the camera, such as its exposure: they are set at once, so that the picture shows what they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from agent.capture.controls import CameraControl, Ioctl, WantedControl, list_controls, set_controls
from agent.web.answers import BadRequestError
from profiles.errors import SourceError


class NewControl(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A control with its new value. It lasts until the camera is opened again; the option `control` keeps it."""

    name: Annotated[str, msgspec.Meta(max_length=64)]
    value: Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]


@dataclass(frozen=True)
class CameraControls:
    """The controls of the camera."""

    controls: tuple[CameraControl, ...]
    """Empty if the camera has none that can be changed here."""


def find_controls(device: str | None, ioctl: Ioctl) -> CameraControls:
    """Return the controls of a Video4Linux device; None, or a device that is not there, has none."""
    try:
        return CameraControls(() if device is None else list_controls(device, ioctl))
    except OSError:  # the live picture says what is wrong
        return CameraControls(())


def set_control(device: str | None, new: NewControl, ioctl: Ioctl) -> CameraControls:
    """Set a control, and return all of them: one may change others.

    Raises:
        BadRequestError: the camera does not have it, or refuses the value.
    """
    if device is None:
        raise BadRequestError("this source has no controls that can be set here")
    try:
        set_controls(device, [WantedControl(new.name, str(new.value))], ioctl)
    except SourceError as error:
        raise BadRequestError(str(error)) from error
    except OSError as error:
        raise BadRequestError(f"{device} cannot be opened ({error.strerror})") from error
    return find_controls(device, ioctl)
