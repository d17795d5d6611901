from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from deploy.health import HealthTarget, await_health, read_health
from profiles.errors import InstallError
from profiles.health import Health

SLOT = "/slots/b/artifacts"
WANTED = HealthTarget(artifacts=SLOT, version="0.2.0", frames=30, not_pid=7)


def said(frames: int, faults: int = 0, pid: int = 8, artifacts: str = SLOT, version: str = "0.2.0") -> Health:
    return Health(pid, version, artifacts, frames, faults, "no picture came" if faults else "")


def watch(path: Path, *story: Health | None) -> None:
    """Play a sequence of health files, one each second; the last one stays."""
    now_s, left = 0.0, iter(story)

    def tell() -> None:
        if (health := next(left, None)) is not None:
            path.write_bytes(msgspec.json.encode(health))

    def sleep(seconds: float) -> None:
        nonlocal now_s
        now_s += 1.0
        tell()

    tell()
    await_health(path, WANTED, timeout_s=60, clock=lambda: now_s, sleep=sleep)


@pytest.mark.parametrize(
    "story",
    [
        [said(30)],
        [None, None, said(1), said(12), said(31)],
        [said(500, pid=7, artifacts="/slots/a/artifacts", version="0.1.0"), said(1), said(30)],
        [said(3, faults=1), said(32, faults=1), said(33, faults=1)],
        [said(0, faults=1), said(0, faults=2), said(30, faults=2)],
    ],
)
def test_enough_frames_in_a_row_without_a_fault_are_healthy(story: list[Health | None], tmp_path: Path) -> None:
    watch(tmp_path / "health.json", *story)


def every_second(faults: bool) -> Iterator[Health]:
    for second in range(100):
        yield said(frames=20 * second, faults=second if faults else 0)


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ([], r"finished 0 frames in a row without a fault in 60 s, instead of 30; see its log"),
        ([said(500, pid=7)], "finished 0 frames"),
        ([said(29)], "finished 29 frames"),
        (list(every_second(faults=True)), r"finished 0 frames .*, and its latest fault was: no picture came; see"),
        ([said(9), said(1, pid=9)], "the agent ended after 9 frames and was restarted"),
        ([said(9, artifacts="/slots/a/artifacts")], "uses /slots/a/artifacts instead of /slots/b/artifacts"),
        ([said(9, version="0.1.0")], r"the service runs agent 0\.1\.0 instead of 0\.2\.0"),
    ],
)
def test_an_unhealthy_agent_is_reported(story: list[Health], expected: str, tmp_path: Path) -> None:
    with pytest.raises(InstallError, match=expected):
        watch(tmp_path / "health.json", *story)


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff", b'{"pid": "x"}', b"[]"])
def test_a_damaged_health_file_is_ignored(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "health.json").write_bytes(content)
    assert read_health(tmp_path / "health.json") is None


@pytest.mark.parametrize(
    "plant",
    [
        os.mkfifo,
        os.mkdir,
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(path.with_name("real.json")),
        lambda path: path.write_bytes(b'{"deep": ' + b"[" * 60_000),
        lambda path: path.write_bytes(msgspec.json.encode(said(30)) + b" " * 2**16),
        lambda path: path.symlink_to("/proc/self/mem"),
    ],
)
def test_what_the_service_plants_is_ignored_at_once(plant: Callable[[Path], object], tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(msgspec.json.encode(said(30)))
    plant(tmp_path / "health.json")
    assert read_health(tmp_path / "health.json") is None


def test_what_the_service_says_cannot_change_the_terminal(tmp_path: Path) -> None:
    for health in (said(9, artifacts="/x\x1b[2J\n<3>y"), said(9, version="9\x1b[2J\n<3>y")):
        with pytest.raises(InstallError, match=r"\\x1b\[2J\\n<3>y instead of") as error:
            watch(tmp_path / "health.json", health)
        assert str(error.value).isprintable()


def test_unknown_fields_of_a_newer_agent_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "health.json").write_bytes(
        b'{"pid": 8, "version": "9", "artifacts": "/x", "frames": 3, "faults": 0, "fault": "", "mood": "good"}'
    )
    assert read_health(tmp_path / "health.json") == Health(8, "9", "/x", 3, 0)
