from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.capture.password import MAX_PASSWORD_BYTES, read_password
from profiles.errors import UsageError


@pytest.mark.parametrize("content", ["pass word: @/#ä", "pass word: @/#ä\n", "pass word: @/#ä\r\n"])
def test_a_password_is_the_line_of_its_file(content: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content.encode())
    assert read_password(tmp_path / "secret", {}) == "pass word: @/#ä"


def test_a_service_has_it_as_a_credential(tmp_path: Path) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert read_password(None, environ) is None
    assert read_password(None, {}) is None
    (tmp_path / "camera-password").write_text("one")
    (tmp_path / "other").write_text("two")
    assert read_password(None, environ) == "one"
    assert read_password(tmp_path / "other", environ) == "two"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "does not hold one line"),
        (b"\n", "does not hold one line"),
        (b"S3CR\nS3CR", "does not hold one line"),
        (b"S3CR\xff", "is not UTF-8 text"),
        (b"S3CR" * MAX_PASSWORD_BYTES, "it has more than 4096 bytes"),
    ],
)
def test_a_file_without_a_password_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        read_password(tmp_path / "secret", {})
    assert "S3CR" not in str(caught.value)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_what_is_no_file_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    if kind == "folder":
        path.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(UsageError, match="the password cannot be read from"):
        read_password(path, {})
