"""Programs of a board, with a script instead of qemu that prints its arguments."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from tools.arm64.boards import BOARDS, NO_PMIC
from tools.arm64.root_file_system import RootFileSystem, create_root_file_system
from tools.arm64.sysroot import Sysroot

WHEEL = {
    "agent/__init__.py": "",
    "digit_agent-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: digit-agent\nVersion: 1\n",
    "digit_agent-1.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "digit_agent-1.dist-info/entry_points.txt": "[console_scripts]\ndigit-agent = agent:main\n",
    "digit_agent-1.dist-info/RECORD": "",
}
"""Minimal wheel that pip installs, with the agent's command."""


@pytest.fixture(scope="module")
def sysroot(tmp_path_factory: pytest.TempPathFactory) -> Sysroot:
    folder = tmp_path_factory.mktemp("sysroot")
    for name in ("bin", "lib", "sbin", "usr"):
        (folder / "root" / name).mkdir(parents=True)
    (folder / "packages").mkdir()
    (folder / "emulator").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (folder / "emulator").chmod(0o755)
    return Sysroot(str(folder / "emulator"), folder / "root", folder / "packages")


@pytest.fixture(scope="module")
def board(sysroot: Sysroot, tmp_path_factory: pytest.TempPathFactory) -> RootFileSystem:
    folder = tmp_path_factory.mktemp("board")
    wheel = folder / "digit_agent-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in WHEEL.items():
            archive.writestr(name, text)
    return create_root_file_system(
        BOARDS["pi-4b"], sysroot, wheel, folder / "pi-4b", ["-plugin", "counts.so,out=a file"]
    )


def output(board: RootFileSystem, program: str, *arguments: str) -> list[str]:
    command = [str(board.bin / program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_python_emulates_the_boards_core_in_the_boards_root(board: RootFileSystem) -> None:
    python = str(board.bin / "python")
    emulated = ["-cpu", "cortex-a72", "-L", str(board.root), "-plugin", "counts.so,out=a file", "-0", python]
    program = f"{board.root}/usr/bin/python3.11"
    assert output(board, "python", "-c", "two words") == [*emulated, program, "-c", "two words"]


def test_the_agents_command_runs_in_the_boards_python(board: RootFileSystem) -> None:
    agent = board.bin / "digit-agent"
    assert output(board, "digit-agent", "--help")[-2:] == [str(agent), "--help"]
    assert "from agent import main" in agent.read_text()


@pytest.mark.parametrize(
    ("command", "answer"), [("get_throttled", ["throttled=0x50005"]), ("pmic_read_adc", [NO_PMIC]), ("version", [])]
)
def test_the_firmware_answers_known_commands(board: RootFileSystem, command: str, answer: list[str]) -> None:
    assert output(board, "vcgencmd", command) == answer


def test_the_agent_is_installed_and_its_dependencies_are_shared(board: RootFileSystem, sysroot: Sysroot) -> None:
    (packages,) = board.bin.parent.glob("lib/python*/site-packages")
    assert (packages / "agent/__init__.py").exists()
    assert (packages / "shared.pth").read_text() == f"{sysroot.packages}\n"
    assert (board.root / "usr").resolve() == sysroot.root / "usr"


def test_the_environment_of_a_board_has_no_variables_of_the_desktop(board: RootFileSystem, tmp_path: Path) -> None:
    environ = board.environ(tmp_path)
    assert environ.keys() == {"PATH", "HOME", "TMPDIR", "LANG"}
    assert environ["PATH"].split(":")[0] == str(board.bin)
