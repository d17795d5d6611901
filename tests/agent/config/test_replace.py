"""A configuration file is replaced in one step, and can be put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config.replace import confirm_config, is_writable, replace_config, restore_config
from profiles.errors import OutputError


def test_the_file_before_is_kept_until_the_new_one_has_proved_itself(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("flip = true\n")
    file.chmod(0o600)
    replace_config(file, b"flip = false\n")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("flip = false\n", 0o600)
    assert restore_config(file)
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("flip = true\n", 0o600)
    assert not restore_config(file)
    replace_config(file, b"flip = false\n")
    confirm_config(file)
    assert not restore_config(file)
    assert [one.name for one in tmp_path.iterdir()] == ["config.toml"]


def test_a_new_file_is_not_for_everybody(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    replace_config(file, b"flip = true\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert restore_config(file)
    assert file.read_bytes() == b""


def test_a_folder_that_cannot_be_written_is_reported() -> None:
    file = Path("/proc/self/config.toml")
    assert not is_writable(Path("/proc/nowhere/config.toml"))
    with pytest.raises(OutputError, match=r"the options cannot be kept in /proc/self/config\.toml"):
        replace_config(file, b"")
