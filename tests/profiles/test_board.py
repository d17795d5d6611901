from __future__ import annotations

from pathlib import Path

import pytest

from profiles.board import detect_board, l4t_version, processor


def write(root: Path, path: str, content: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


@pytest.mark.parametrize(
    ("model", "board"),
    [
        ("Raspberry Pi Zero 2 W Rev 1.0", "pi-zero-2w"),
        ("Raspberry Pi 3 Model B Plus Rev 1.3", "pi3"),
        ("Raspberry Pi 4 Model B Rev 1.2", "pi4"),
        ("Raspberry Pi 4 Model B Rev 1.4", "pi4"),
        ("Raspberry Pi 4 Model B Rev 1.5", "pi4"),
        ("Raspberry Pi 5 Model B Rev 1.0", "pi5"),
        ("Raspberry Pi 5 Model B Rev 1.1", "pi5"),
        ("Raspberry Pi Compute Module 5 Rev 1.0", "pi5"),
        ("NVIDIA Jetson Nano Developer Kit", "jetson-nano"),
        ("NVIDIA Jetson Xavier NX Developer Kit", "jetson-xavier-nx"),
        ("NVIDIA Jetson Orin Nano Engineering Reference Developer Kit", "jetson-orin-nano"),
        ("NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super", "jetson-orin-nano"),
        ("NVIDIA Jetson Orin Nano Developer Kit", "jetson-orin-nano"),
        ("NVIDIA Jetson Orin NX Engineering Reference Developer Kit", "jetson-orin-nx"),
        ("NVIDIA Jetson Orin NX Engineering Reference Developer Kit Super", "jetson-orin-nx"),
        ("NVIDIA Jetson AGX Orin Developer Kit", "jetson-agx-orin"),
    ],
)
def test_board_is_detected_by_its_model(tmp_path: Path, model: str, board: str) -> None:
    write(tmp_path, "proc/device-tree/model", f"{model}\0")
    found = detect_board(tmp_path, "aarch64")
    assert found.profile.name == board
    assert found.model == model
    assert model in found.evidence


@pytest.mark.parametrize(
    ("compatible", "board", "key"),
    [
        ("raspberrypi,model-zero-2-w\0brcm,bcm2837\0", "pi-zero-2w", "raspberrypi,model-zero-2-w"),
        ("maker,gateway\0brcm,bcm2711\0", "pi4", "brcm,bcm2711"),
        ("maker,nano-carrier\0nvidia,tegra210\0", "jetson-nano", "nvidia,tegra210"),
        ("nvidia,p3509-0000+p3668-0000\0nvidia,tegra194\0", "jetson-xavier-nx", "nvidia,tegra194"),
        ("maker,box+p3767-0000\0nvidia,p3767-0000\0nvidia,tegra234\0", "jetson-orin-nx", "nvidia,p3767-0000"),
        ("maker,box+p3701-0005\0nvidia,p3701-0005\0nvidia,tegra234\0", "jetson-agx-orin", "nvidia,p3701-0005"),
        ("maker,box\0nvidia,tegra234\0", "jetson-orin-nano", "nvidia,tegra234"),
    ],
)
def test_foreign_carrier_is_detected_by_its_module_or_chip(
    tmp_path: Path, compatible: str, board: str, key: str
) -> None:
    write(tmp_path, "proc/device-tree/model", "Some Maker's Gateway\0")
    write(tmp_path, "proc/device-tree/compatible", compatible)
    found = detect_board(tmp_path, "aarch64")
    assert found.profile.name == board
    assert repr(key) in found.evidence


@pytest.mark.parametrize(
    ("machine", "board"),
    [
        ("x86_64", "generic-x86"),
        ("AMD64", "generic-x86"),
        ("aarch64", "generic-arm64"),
        ("arm64", "generic-arm64"),
        ("riscv64", "generic-arm64"),
    ],
)
def test_unknown_board_is_detected_by_its_machine(tmp_path: Path, machine: str, board: str) -> None:
    found = detect_board(tmp_path, machine)
    assert found.profile.name == board
    assert repr(machine) in found.evidence
    assert (found.model, found.compatible, found.l4t) == (None, (), None)


@pytest.mark.parametrize("content", ["", "\0", "ROCK 5B\0"])
def test_empty_or_unknown_model_gives_the_generic_profile(tmp_path: Path, content: str) -> None:
    write(tmp_path, "proc/device-tree/model", content)
    assert detect_board(tmp_path, "aarch64").profile.name == "generic-arm64"


def test_model_that_is_not_text_gives_the_generic_profile(tmp_path: Path) -> None:
    write(tmp_path, "proc/device-tree/model", "")
    (tmp_path / "proc/device-tree/model").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "proc/device-tree/compatible").mkdir()
    assert detect_board(tmp_path, "aarch64").profile.name == "generic-arm64"


def test_this_machine_is_detected() -> None:
    assert detect_board().machine


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n", "36.4.3"),
        ("# R32 (release), REVISION: 7.1, GCID: 29818004, BOARD: t210ref\n", "32.7.1"),
        ("# R35 (release), REVISION: 4, GCID: 1\n", "35.4"),
        ("something else\n", None),
        ("", None),
    ],
)
def test_l4t_version_comes_from_the_release_file(tmp_path: Path, text: str, version: str | None) -> None:
    write(tmp_path, "etc/nv_tegra_release", text)
    assert l4t_version(tmp_path) == version


PI_4 = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU part\t: 0xd08

processor\t: 1
BogoMIPS\t: 108.00
"""


def test_processor_contains_only_lines_that_do_not_change(tmp_path: Path) -> None:
    assert processor(tmp_path) == ()
    write(tmp_path, "proc/cpuinfo", PI_4)
    before = processor(tmp_path)
    assert [line.partition("\t")[0] for line in before] == ["processor", "Features", "CPU part"]
    write(tmp_path, "proc/cpuinfo", PI_4.replace("108.00", "54.00"))
    assert processor(tmp_path) == before
    write(tmp_path, "proc/cpuinfo", PI_4.replace("cpuid", "cpuid asimddp"))
    assert processor(tmp_path) != before
