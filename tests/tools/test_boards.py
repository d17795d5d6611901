"""What the seven boards show, looked at with the agent's own eyes; no qemu is needed to look."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from agent.sensors.power import find_power_reader
from agent.sensors.thermal import temperature_c
from profiles.board import detect_board, l4t_version, processor
from tools.arm64.boards import BOARDS
from tools.arm64.root_file_system import show


class Seen(NamedTuple):
    """What is found on a board."""

    profile: str
    part: str
    power_mw: float | None
    temperature_c: float
    l4t: str | None = None


SEEN = {
    "pi-zero-2w": Seen("pi-zero-2w", "0xd03", None, 48.312),
    "pi-3b-plus": Seen("pi3", "0xd03", 2540.0, 61.224),
    "pi-4b": Seen("pi4", "0xd08", None, 52.095),
    "pi-5": Seen("pi5", "0xd0b", 2645.7, 50.75),
    "orin-nano": Seen("jetson-orin-nano", "0xd42", 5072 * 0.960, 49.125, "36.4.3"),
    "agx-orin": Seen("jetson-agx-orin", "0xd42", 19096 * 0.210 + 4992 * 0.720, 49.125, "36.4.3"),
    "nano": Seen("jetson-nano", "0xd07", 5041 * 0.420, 38.0, "32.7.4"),
}


@pytest.mark.parametrize(("name", "expected"), SEEN.items())
def test_a_board_shows_what_it_is(tmp_path: Path, name: str, expected: Seen) -> None:
    board = BOARDS[name]
    show(board, tmp_path)
    found = detect_board(tmp_path, "aarch64")
    assert found.profile.name == expected.profile
    assert expected.part in " ".join(processor(tmp_path))
    assert l4t_version(tmp_path) == expected.l4t
    sensors = found.profile.sensors
    assert temperature_c(sensors.temperature_zones, tmp_path) == pytest.approx(expected.temperature_c)
    reader = find_power_reader(found.profile, tmp_path, lambda argv: board.vcgencmd.get(argv[1]))
    sample = reader.read() if reader else None
    assert (sample and sample.power_mw) == (expected.power_mw and pytest.approx(expected.power_mw, abs=0.1))


def test_every_board_is_looked_at() -> None:
    assert SEEN.keys() == BOARDS.keys()


@pytest.mark.parametrize("name", BOARDS)
def test_all_cores_are_online_and_have_an_entry_each(tmp_path: Path, name: str) -> None:
    board = BOARDS[name]
    show(board, tmp_path)
    assert (tmp_path / "sys/devices/system/cpu/online").read_text() == f"0-{board.cores - 1}\n"
    assert (tmp_path / "proc/cpuinfo").read_text().count("processor\t: ") == board.cores


def test_a_device_trees_strings_end_in_nul(tmp_path: Path) -> None:
    show(BOARDS["nano"], tmp_path)
    tree = tmp_path / "proc/device-tree"
    assert (tree / "model").read_bytes() == b"NVIDIA Jetson Nano Developer Kit\0"
    assert (tree / "compatible").read_bytes() == b"nvidia,p3450-0000\0nvidia,jetson-nano\0nvidia,tegra210\0"


def test_what_a_board_lacks_is_an_empty_folder_and_not_this_machines(tmp_path: Path) -> None:
    show(BOARDS["pi-zero-2w"], tmp_path)
    assert list((tmp_path / "sys/class/powercap").iterdir()) == []
