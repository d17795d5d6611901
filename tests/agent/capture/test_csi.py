from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import pytest

from agent.capture.argus import argus_pipeline, has_gstreamer
from agent.capture.opener import open_source
from agent.capture.uri import parse_source
from profiles.errors import SourceError


def make_root(root: Path, compatible: bytes) -> Path:
    (root / "proc/device-tree").mkdir(parents=True)
    (root / "proc/device-tree/compatible").write_bytes(compatible)
    return root


@pytest.mark.skipif(importlib.util.find_spec("picamera2") is not None, reason="picamera2 is installed here")
def test_the_error_of_a_missing_picamera2_says_how_to_install_it(tmp_path: Path) -> None:
    root = make_root(tmp_path, b"raspberrypi,5-model-b\0brcm,bcm2712\0")
    with pytest.raises(SourceError, match=r"apt install python3-picamera2.*--system-site-packages"):
        open_source(parse_source("csi://0"), root=root)


@pytest.mark.skipif(has_gstreamer(cv2.getBuildInformation()), reason="this OpenCV has GStreamer")
def test_the_error_of_a_missing_gstreamer_says_how_to_install_it(tmp_path: Path) -> None:
    root = make_root(tmp_path, b"nvidia,p3768-0000+p3767-0005\0nvidia,tegra234\0")
    with pytest.raises(SourceError, match=r"needs an OpenCV with GStreamer.*apt install python3-opencv"):
        open_source(parse_source("csi://0"), root=root)


@pytest.mark.parametrize(
    ("sensor", "width", "height", "source", "size"),
    [
        (0, 640, 480, "nvarguscamerasrc sensor-id=0", "width=640,height=480"),
        (1, 1280, 720, "nvarguscamerasrc sensor-id=1", "width=1280,height=720"),
    ],
)
def test_the_pipeline_has_the_sensor_and_the_size(sensor: int, width: int, height: int, source: str, size: str) -> None:
    steps = argus_pipeline(sensor, width, height).split(" ! ")
    assert steps[0] == source
    assert steps[3] == f"video/x-raw,{size},format=BGRx"
    assert steps[-2:] == ["video/x-raw,format=BGR", "appsink drop=true max-buffers=1 sync=false"]


@pytest.mark.parametrize(
    ("information", "has"),
    [
        ("  Video I/O:\n    GStreamer:                   YES (1.20.3)\n", True),
        ("  Video I/O:\n    GStreamer:                   NO\n", False),
        ("", False),
    ],
)
def test_gstreamer_is_found_in_the_build_information(information: str, has: bool) -> None:
    assert has_gstreamer(information) is has
