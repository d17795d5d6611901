"""The agent detects the seven emulated boards from their files; this needs no qemu."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from agent.sensors.power import find_power_reader
from agent.sensors.thermal import temperature_c
from profiles.board import detect_board, l4t_version, processor
from tools.arm64.boards import BOARDS
from tools.arm64.root_file_system import write_board_files


class DetectedBoard(NamedTuple):
    """Properties that the agent detects on a board."""

    profile: str
    part: str
    power_mw: float | None
    temperature_c: float
    l4t: str | None = None


EXPECTED = {
    "pi-zero-2w": DetectedBoard("pi-zero-2w", "0xd03", None, 48.312),
    "pi-3b-plus": DetectedBoard("pi3", "0xd03", 2540.0, 61.224),
    "pi-4b": DetectedBoard("pi4", "0xd08", None, 52.095),
    "pi-5": DetectedBoard("pi5", "0xd0b", 2645.7, 50.75),
    "orin-nano": DetectedBoard("jetson-orin-nano", "0xd42", 5072 * 0.960, 49.125, "36.4.3"),
    "agx-orin": DetectedBoard("jetson-agx-orin", "0xd42", 19096 * 0.210 + 4992 * 0.720, 49.125, "36.4.3"),
    "nano": DetectedBoard("jetson-nano", "0xd07", 5041 * 0.420, 38.0, "32.7.4"),
}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_the_agent_detects_the_board_and_its_sensors(tmp_path: Path, name: str, expected: DetectedBoard) -> None:
    board = BOARDS[name]
    write_board_files(board, tmp_path)
    detected = detect_board(tmp_path, "aarch64")
    assert detected.profile.name == expected.profile
    assert expected.part in " ".join(processor(tmp_path))
    assert l4t_version(tmp_path) == expected.l4t
    sensors = detected.profile.sensors
    assert temperature_c(sensors.temperature_zones, tmp_path) == pytest.approx(expected.temperature_c)
    reader = find_power_reader(detected.profile, tmp_path, lambda argv: board.vcgencmd.get(argv[1]))
    sample = reader.read() if reader else None
    assert (sample and sample.power_mw) == (expected.power_mw and pytest.approx(expected.power_mw, abs=0.1))


def test_every_board_is_tested() -> None:
    assert EXPECTED.keys() == BOARDS.keys()


@pytest.mark.parametrize("name", BOARDS)
def test_all_cores_are_online_and_listed_in_cpuinfo(tmp_path: Path, name: str) -> None:
    board = BOARDS[name]
    write_board_files(board, tmp_path)
    assert (tmp_path / "sys/devices/system/cpu/online").read_text() == f"0-{board.cores - 1}\n"
    assert (tmp_path / "proc/cpuinfo").read_text().count("processor\t: ") == board.cores


def test_strings_of_the_device_tree_end_with_nul(tmp_path: Path) -> None:
    write_board_files(BOARDS["nano"], tmp_path)
    tree = tmp_path / "proc/device-tree"
    assert (tree / "model").read_bytes() == b"NVIDIA Jetson Nano Developer Kit\0"
    assert (tree / "compatible").read_bytes() == b"nvidia,p3450-0000\0nvidia,jetson-nano\0nvidia,tegra210\0"


def test_a_folder_that_a_board_lacks_is_empty_instead_of_the_desktops(tmp_path: Path) -> None:
    write_board_files(BOARDS["pi-zero-2w"], tmp_path)
    assert list((tmp_path / "sys/class/powercap").iterdir()) == []
