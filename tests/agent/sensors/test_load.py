from __future__ import annotations

from pathlib import Path

import pytest

from agent.sensors.load import Load, LoadReader

MEMORY = "MemTotal:        4000000 kB\nMemFree:          100000 kB\nMemAvailable:    3000000 kB\n"


def write(proc: Path, stat: str, meminfo: str = MEMORY) -> None:
    proc.mkdir(exist_ok=True)
    (proc / "stat").write_text(stat)
    (proc / "meminfo").write_text(meminfo)


def test_the_load_is_the_share_of_busy_time_since_the_previous_sample(tmp_path: Path) -> None:
    write(tmp_path / "proc", "cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3 4\n")
    reader = LoadReader(tmp_path)
    assert reader() == Load(None, 0.25, 4_096_000_000)
    write(tmp_path / "proc", "cpu  130 0 60 840 60 5 5 0 20 0\n")
    assert reader().cpu == pytest.approx(50 / 100)


@pytest.mark.parametrize(
    ("stat", "meminfo"),
    [("", ""), ("intr 5 6\n", "MemTotal: 7 kB\n"), ("cpu\n", "MemAvailable: 7 kB\n")],
)
def test_what_cannot_be_read_is_none(stat: str, meminfo: str, tmp_path: Path) -> None:
    assert LoadReader(tmp_path)() == Load()
    write(tmp_path / "proc", stat, meminfo)
    load = LoadReader(tmp_path)()
    assert (load.cpu, load.memory) == (None, None)


def test_this_machine_has_a_load() -> None:
    reader = LoadReader()
    sum(range(3_000_000))  # takes several ticks of the kernel
    load = reader()
    assert load.cpu is not None
    assert 0 < load.cpu <= 1
    assert load.memory is not None
    assert 0 < load.memory < 1
