"""The help of the programs on a terminal of 80 columns: plain text, in which nothing is cut off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def show_help(program: str, *words: str) -> str:
    environ = {**os.environ, "COLUMNS": "80", "LINES": "24"}
    argv = [str(Path(sys.executable).with_name(program)), *words, "--help"]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, check=True, timeout=300).stdout


@pytest.mark.parametrize(
    "words", ["digit-agent", "digit-agent config", "digit-agent form", "digit-convert", "digit-deploy"]
)
def test_the_list_of_commands_has_whole_sentences(words: str) -> None:
    _, _, commands = show_help(*words.split()).partition("Commands:\n")
    listed = commands.partition("\n\n")[0].splitlines()
    assert len([line for line in listed if not line.startswith("    ")]) >= 2
    assert "..." not in commands
    assert all(len(line) <= 80 for line in listed)


@pytest.mark.parametrize("command", ["run", "read"])
def test_the_help_of_a_command_fits_and_cuts_no_word_off(command: str) -> None:
    shown = show_help("digit-agent", command)
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "/etc/digit-agent/config.toml" in "".join(shown.split())
    assert not set(shown) & set("╭│╰")
