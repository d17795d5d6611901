from __future__ import annotations

import os

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
