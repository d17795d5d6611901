from __future__ import annotations

import os
from pathlib import Path

import pytest

from profiles.regular_file import open_regular_file, read_regular_file


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular_file(path, 5) == b"12345"
    with open_regular_file(path) as file:
        assert file.read(2) == b"12"


def test_a_large_file_is_refused_after_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"123456")
    os.truncate(path, 2**40)  # sparse: nothing that reads all of it would come back
    with pytest.raises(OSError, match="it has more than 5 bytes"):
        read_regular_file(path, 5)


def test_nothing_else_is_read_and_nothing_waits(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(OSError, match="it is not a regular file"):
            read_regular_file(path, 5)
    with pytest.raises(IsADirectoryError):
        read_regular_file(tmp_path, 5)
    with pytest.raises(FileNotFoundError):
        read_regular_file(tmp_path / "missing", 5)


def test_a_link_is_followed_only_on_request(tmp_path: Path) -> None:
    link = tmp_path / "link"
    (tmp_path / "file").write_bytes(b"12345")
    link.symlink_to(tmp_path / "file")
    assert read_regular_file(link, 5) == b"12345"
    with pytest.raises(OSError, match="it is not a regular file"):
        read_regular_file(link, 5, follow_links=False)
