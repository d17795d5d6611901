from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from agent.events import Counts, FaultEvent, FrameEvent
from agent.live.health import HealthFile
from agent.vision.page import Page
from profiles.health import FILE_NAME, WRITE_PERIOD_S

ARTIFACTS = Path("/var/lib/digit-deploy/slots/b/artifacts")


def finished(frames: int) -> FrameEvent:
    return FrameEvent(frames, "demo:", None, Page(8, 8, (), (), {}), (), {}, 0, Counts(frames, 2, 5, 30), None)


def read_file(folder: Path) -> dict[str, Any] | None:
    path = folder / FILE_NAME
    content: dict[str, Any] | None = msgspec.json.decode(path.read_bytes()) if path.exists() else None
    return content


def test_the_file_is_written_with_the_first_frame_and_then_every_half_second(tmp_path: Path) -> None:
    now_s = 100.0
    health = HealthFile({"RUNTIME_DIRECTORY": f"{tmp_path}:/run/other"}, lambda: ARTIFACTS, clock=lambda: now_s)
    assert read_file(tmp_path) is None
    health.take(finished(1))
    first = {"pid": os.getpid(), "version": version("digit-agent"), "artifacts": str(ARTIFACTS)}
    assert read_file(tmp_path) == {**first, "frames": 1, "faults": 0, "fault": ""}
    now_s += WRITE_PERIOD_S / 2
    health.take(finished(2))
    now_s += WRITE_PERIOD_S / 2
    assert read_file(tmp_path) == {**first, "frames": 1, "faults": 0, "fault": ""}
    health.take(finished(3))
    assert read_file(tmp_path) == {**first, "frames": 3, "faults": 0, "fault": ""}
    health.close()
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_fault_is_written_at_once_even_before_the_first_frame(tmp_path: Path) -> None:
    artifacts = Path("/opt/agent/artifacts")
    health = HealthFile({"RUNTIME_DIRECTORY": str(tmp_path)}, lambda: artifacts, clock=lambda: 100.0)
    health.take(FaultEvent("the camera has an outage"))
    health.take(FaultEvent("the camera still has an outage"))
    artifacts = ARTIFACTS
    health.take(finished(7))
    now = read_file(tmp_path)
    assert now is not None
    assert (now["frames"], now["faults"], now["fault"]) == (0, 2, "the camera still has an outage")
    assert now["artifacts"] == "/opt/agent/artifacts"


def test_without_systemd_nothing_is_written_and_a_missing_folder_is_no_error(tmp_path: Path) -> None:
    for environ in ({}, {"RUNTIME_DIRECTORY": "/proc/none"}):
        health = HealthFile(environ, lambda: ARTIFACTS)
        health.take(finished(1))
        health.take(FaultEvent("the camera has an outage"))
    assert list(tmp_path.iterdir()) == []
