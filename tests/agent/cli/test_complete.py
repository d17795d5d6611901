"""Completion as a shell asks for it: https://click.palletsprojects.com/en/stable/shell-completion/."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXECUTABLE = str(Path(sys.executable).with_name("digit-agent"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("bench --objective ", {"latency", "energy", "size", "accuracy"}),
        ("bench --objective e", {"energy"}),
        ("service install --board pi", {"pi3", "pi4", "pi5", "pi-zero-2w"}),
        ("run --source de", {"demo:"}),
        ("run --source pag", {"pages/", "page.jpg"}),
        ("run --source pages/", {"pages/[1].jpg"}),
        ("run --source rtsp", {"rtsp://"}),
        ("run --source nothing", set()),
    ],
)
def test_the_shell_offers_the_values_of_an_option(words: str, expected: set[str], tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    for name in ("page.jpg", "pages/[1].jpg", "other.jpg"):
        (tmp_path / name).touch()
    command = f"digit-agent {words}"
    asked = {
        "_DIGIT_AGENT_COMPLETE": "complete_bash",
        "COMP_WORDS": command,
        "COMP_CWORD": str(len(command.split(" ")) - 1),
    }
    environ = {**os.environ, **asked}
    done = subprocess.run(
        [EXECUTABLE], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
    )
    offered = set(done.stdout.split())
    assert offered >= expected, done.stderr
    assert bool(offered) == bool(expected)
