"""What boards share: made once, whole, and said what is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.arm64.sysroot import CONSTRAINTS, MissingTool, once, requirements, run_tool


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return found[0].lower()


def test_a_board_gets_the_base_and_onnxruntime_and_no_more() -> None:
    names = set(map(name_of, requirements()))
    assert {"numpy", "opencv-python-headless", "ai-edge-litert", "onnxruntime"} <= names
    assert not names & {"torch", "onnx", "pytest"}


def test_what_counts_depend_on_is_pinned() -> None:
    pins = [line for line in CONSTRAINTS.read_text().splitlines() if not line.startswith("#")]
    assert all("==" in pin for pin in pins)
    assert set(map(name_of, requirements())) - set(map(name_of, pins)) <= {"tomli"}  # not for Python 3.11


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(into: Path) -> None:
        made.append(into)
        into.mkdir()
        (into / "file").write_text("whole")

    first, second = (once(tmp_path / "cache", "root", ["a"], make) for _ in range(2))
    assert first == second
    assert (first / "file").read_text() == "whole"
    assert len(made) == 1
    assert once(tmp_path / "cache", "root", ["b"], make) != first


def test_what_could_not_be_made_whole_is_not_there(tmp_path: Path) -> None:
    def half(into: Path) -> None:
        into.mkdir()
        raise MissingTool("the mirror is away")

    with pytest.raises(MissingTool):
        once(tmp_path, "root", ["a"], half)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["no-such-tool-here"], "no no-such-tool-here; apt-get install no-such-tool-here"),
        (["sh", "-c", "echo first >&2; echo last >&2; exit 3"], r"sh failed \(last\); see whether it can reach"),
        (["false"], r"false failed \(it said nothing\)"),
    ],
)
def test_a_tool_that_is_missing_or_fails_is_told_in_a_line(command: list[str], said: str) -> None:
    with pytest.raises(MissingTool, match=said):
        run_tool(command)
