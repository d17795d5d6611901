from __future__ import annotations

import os
import subprocess
import sys

import pytest

from agent.stderr import native_stderr


def test_output_of_libraries_is_captured(capfd: pytest.CaptureFixture[str]) -> None:
    with native_stderr() as lines:
        os.write(2, b"INFO: one\nERROR: two\n")
    os.write(2, b"after\n")
    assert lines == ["INFO: one", "ERROR: two"]
    assert capfd.readouterr().err == "after\n"


def test_stderr_is_restored_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"), native_stderr():
        raise ValueError("broken")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


WRITE_BOTH = """
import os, sys
from agent.stderr import native_stderr
from profiles.terminal import run_app

def command():
    with native_stderr() as lines:
        sys.stderr.write("a warning\\n")
        os.write(2, b"a library\\n")
    print(lines)

run_app(lambda: command, "program")
"""


def test_a_warning_of_the_program_is_not_captured_with_them() -> None:
    done = subprocess.run([sys.executable, "-c", WRITE_BOTH], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("['a library']\n", "a warning\n")
