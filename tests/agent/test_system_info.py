from __future__ import annotations

from pathlib import Path

import pytest

from agent.system_info import system_info, system_state

CPUFREQ = "sys/devices/system/cpu/cpu{n}/cpufreq"


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    """Kernel files of a Raspberry Pi 4 with two cores."""
    files = {
        "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
        "proc/cpuinfo": "processor\t: 0\nCPU part\t: 0xd08\n",
        "proc/meminfo": "MemTotal:        3884364 kB\nMemFree: 1 kB\n",
        "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "sys/class/thermal/thermal_zone0/temp": "61200\n",
    }
    for n in (0, 1):
        files[f"{CPUFREQ.format(n=n)}/scaling_governor"] = "ondemand\n"
        files[f"{CPUFREQ.format(n=n)}/scaling_cur_freq"] = "1500000\n"
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    return tmp_path


def test_properties_and_state_of_a_board(pi: Path) -> None:
    what = system_info(pi)
    assert (what.board, what.model, what.memory_mb) == ("pi4", "Raspberry Pi 4 Model B Rev 1.4", 3793)
    assert what.processor == "Cortex-A72"
    assert "numpy" in what.versions
    now = system_state(pi, lambda _: "throttled=0x50005\n")
    assert (now.governors, now.clock_mhz, now.temperature_c) == (("ondemand",), (1500, 1500), 61.2)
    assert now.throttling == ("under-voltage", "throttled")


def test_unknown_properties_are_none(tmp_path: Path) -> None:
    what, now = system_info(tmp_path), system_state(tmp_path, lambda _: None)
    assert (what.model, what.memory_mb, what.l4t) == (None, None, None)
    assert (now.governors, now.clock_mhz, now.temperature_c, now.throttling) == ((), (), None, None)
    assert now.at.endswith("+00:00")
