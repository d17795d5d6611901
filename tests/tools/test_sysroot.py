"""The shared parts are made once and atomically, and errors name the missing tool."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.arm64.sysroot import CONSTRAINTS, MissingToolError, build_once, requirements, run_tool


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return found[0].lower()


def test_a_board_gets_the_base_dependencies_and_onnxruntime_only() -> None:
    names = set(map(name_of, requirements()))
    assert {"numpy", "opencv-python-headless", "ai-edge-litert", "onnxruntime"} <= names
    assert not names & {"torch", "onnx", "pytest"}


def test_packages_that_change_the_counts_are_pinned() -> None:
    pins = [line for line in CONSTRAINTS.read_text().splitlines() if not line.startswith("#")]
    assert all("==" in pin for pin in pins)
    assert set(map(name_of, requirements())) - set(map(name_of, pins)) <= {"tomli"}  # not for Python 3.11


def test_a_folder_is_made_once_for_the_same_ingredients(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(into: Path) -> None:
        made.append(into)
        into.mkdir()
        (into / "file").write_text("complete")

    first, second = (build_once(tmp_path / "cache", "root", ["a"], make) for _ in range(2))
    assert first == second
    assert (first / "file").read_text() == "complete"
    assert len(made) == 1
    assert build_once(tmp_path / "cache", "root", ["b"], make) != first


def test_a_folder_that_could_not_be_completed_does_not_exist(tmp_path: Path) -> None:
    def make_half(into: Path) -> None:
        into.mkdir()
        raise MissingToolError("the mirror cannot be reached")

    with pytest.raises(MissingToolError):
        build_once(tmp_path, "root", ["a"], make_half)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["no-such-tool-here"], "no no-such-tool-here; apt-get install no-such-tool-here"),
        (
            ["sh", "-c", "echo first >&2; echo last >&2; exit 3"],
            r"sh failed \(last\); check that its mirror can be reached",
        ),
        (["false"], r"false failed \(no error message\)"),
    ],
)
def test_a_tool_that_is_missing_or_fails_gives_a_message_of_one_line(command: list[str], message: str) -> None:
    with pytest.raises(MissingToolError, match=message):
        run_tool(command)
