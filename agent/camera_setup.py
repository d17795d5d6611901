"""The camera of a run from its settings: how it is opened, and how it is mounted."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from agent.capture.address import DEFAULT_EVERY_S, DEFAULT_PATIENCE_S, StreamOptions, StreamSpec
from agent.capture.controls import parse_controls
from agent.capture.mounting import parse_mounting
from agent.capture.opener import open_source
from agent.capture.password import read_password
from agent.capture.periodic import MIN_CLOSED_S, PeriodicSource
from agent.capture.source import Source
from agent.capture.uri import DemoSpec, LiveSpec, PicturesSpec, SourceSpec, parse_source
from agent.config.layers import Settings
from agent.forms.demo import open_form_demo
from agent.live.camera import CameraInUse, CameraSetup

OPENING_OPTIONS = ("source", "password_file", "patience", "every", "insecure", "control", "width", "height")
"""Options of a camera that take effect when it is opened."""
MOUNTING_OPTIONS = ("roi", "rotate", "flip")
"""Options of a camera that take effect with the next frame."""
CAMERA_OPTIONS = (*OPENING_OPTIONS, *MOUNTING_OPTIONS)


def parse_spec(settings: Settings) -> SourceSpec:
    """Return the source that settings name.

    Raises:
        DigitAgentError: it is not a source, or its password cannot be read.
    """
    return parse_source(settings.source, _stream_options(settings))


def set_up(settings: Settings) -> CameraSetup:
    """Return how the camera of some settings is opened and mounted.

    Raises:
        DigitAgentError: an option is not valid, or a password cannot be read.
    """
    spec = parse_spec(settings)
    mounting = parse_mounting(settings.roi, settings.rotate, settings.flip)
    ways = (spec, *(getattr(settings, name) for name in OPENING_OPTIONS))
    # A rare look would show another mounting only after a long time, so it is made anew.
    ways = (*ways, mounting if isinstance(spec, LiveSpec) and settings.every is not None else None)
    is_live, one_size = isinstance(spec, LiveSpec), not isinstance(spec, PicturesSpec)
    kind = LiveSpec if is_live else type(spec), is_stills(spec, settings)
    return CameraSetup(partial(_open, spec, settings), ways, mounting, kind, is_live, one_size)


def change_camera(camera: CameraInUse, initial: Settings, settings: Settings) -> list[str]:
    """Give the camera in use the options of some settings, and return the changed options that need a restart.

    Args:
        camera: the camera in use.
        initial: the settings with which the run began.
        settings: the settings now.

    Raises:
        DigitAgentError: an option is not valid, or the camera does not come back. Those before are in use again.
    """
    wanted, now, changed = set_up(settings), camera.setup, initial.changed(settings)
    if wanted.kind != now.kind:
        return changed
    applied: Collection[str] = CAMERA_OPTIONS
    if not now.is_live:
        wanted, applied = replace(now, mounting=wanted.mounting), MOUNTING_OPTIONS
    if (wanted.ways, wanted.mounting) != (now.ways, now.mounting):
        camera.switch_to(wanted)
    return [name for name in changed if name.replace("-", "_") not in applied]


def is_stills(spec: SourceSpec, settings: Settings) -> bool:
    """Return whether each frame counts by itself: pictures, and looks so rare that a page is seen once."""
    rare = settings.every is not None and settings.every >= MIN_CLOSED_S
    return rare or isinstance(spec, PicturesSpec)


def _open(spec: SourceSpec, settings: Settings) -> Source:
    """Open the source, so that it gives a frame as often as wanted."""
    if isinstance(spec, DemoSpec) and spec.form:
        opening: Callable[[], Source] = partial(open_form_demo, spec)
    else:
        controls = parse_controls(settings.control)
        opening = partial(open_source, spec, width=settings.width, height=settings.height, controls=controls)
    source, is_http = opening(), isinstance(spec, StreamSpec) and spec.scheme in ("http", "https")
    if settings.every is not None and not is_http and not isinstance(spec, PicturesSpec):
        return PeriodicSource(source, opening, settings.every)
    return source


def _stream_options(settings: Settings) -> StreamOptions:
    """Return how a camera in the network is read."""
    return StreamOptions(
        patience_s=DEFAULT_PATIENCE_S if settings.patience is None else settings.patience,
        every_s=DEFAULT_EVERY_S if settings.every is None else settings.every,
        one_each=settings.every is not None,
        verify=not settings.insecure,
        password=read_password(settings.password_file, os.environ),
    )
