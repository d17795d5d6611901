"""A board's programs, with a script in qemu's place that prints how it was called."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from tools.arm64.boards import BOARDS, NO_PMIC
from tools.arm64.root_file_system import Planted, plant
from tools.arm64.sysroot import World

WHEEL = {
    "agent/__init__.py": "",
    "digit_agent-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: digit-agent\nVersion: 1\n",
    "digit_agent-1.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "digit_agent-1.dist-info/entry_points.txt": "[console_scripts]\ndigit-agent = agent:main\n",
    "digit_agent-1.dist-info/RECORD": "",
}
"""The least that pip installs, with the command that the agent has."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    for name in ("bin", "lib", "sbin", "usr"):
        (folder / "root" / name).mkdir(parents=True)
    (folder / "packages").mkdir()
    (folder / "emulator").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (folder / "emulator").chmod(0o755)
    return World(str(folder / "emulator"), folder / "root", folder / "packages")


@pytest.fixture(scope="module")
def planted(world: World, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    folder = tmp_path_factory.mktemp("planted")
    wheel = folder / "digit_agent-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in WHEEL.items():
            archive.writestr(name, text)
    return plant(BOARDS["pi-4b"], world, wheel, folder / "pi-4b", ["-plugin", "counts.so,out=a file"])


def said(planted: Planted, program: str, *arguments: str) -> list[str]:
    command = [str(planted.bin / program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_python_runs_under_the_boards_core_in_the_boards_root(planted: Planted) -> None:
    python = str(planted.bin / "python")
    emulated = ["-cpu", "cortex-a72", "-L", str(planted.root), "-plugin", "counts.so,out=a file", "-0", python]
    program = f"{planted.root}/usr/bin/python3.11"
    assert said(planted, "python", "-c", "two words") == [*emulated, program, "-c", "two words"]


def test_the_agents_command_is_run_by_the_boards_python(planted: Planted) -> None:
    agent = planted.bin / "digit-agent"
    assert said(planted, "digit-agent", "--help")[-2:] == [str(agent), "--help"]
    assert "from agent import main" in agent.read_text()


@pytest.mark.parametrize(
    ("command", "answer"), [("get_throttled", ["throttled=0x50005"]), ("pmic_read_adc", [NO_PMIC]), ("version", [])]
)
def test_the_firmware_answers_what_it_knows(planted: Planted, command: str, answer: list[str]) -> None:
    assert said(planted, "vcgencmd", command) == answer


def test_the_agent_is_the_boards_and_what_it_needs_is_shared(planted: Planted, world: World) -> None:
    (packages,) = planted.bin.parent.glob("lib/python*/site-packages")
    assert (packages / "agent/__init__.py").exists()
    assert (packages / "shared.pth").read_text() == f"{world.packages}\n"
    assert (planted.root / "usr").resolve() == world.root / "usr"


def test_a_boards_user_has_nothing_of_ours(planted: Planted, tmp_path: Path) -> None:
    environ = planted.environ(tmp_path)
    assert environ.keys() == {"PATH", "HOME", "TMPDIR", "LANG"}
    assert environ["PATH"].split(":")[0] == str(planted.bin)
