from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.paths import cache_folder, default_artifacts, deployed_config, shipped_artifacts


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({}, Path.home() / ".cache/digit-agent"),
        ({"XDG_CACHE_HOME": "/somewhere"}, Path("/somewhere/digit-agent")),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/digit-agent"),
        ({"CACHE_DIRECTORY": "/var/cache/digit-agent", "XDG_CACHE_HOME": "/x"}, Path("/var/cache/digit-agent")),
        ({"CACHE_DIRECTORY": "/var/cache/a:/var/cache/b"}, Path("/var/cache/a")),
    ],
)
def test_the_cache_lies_where_systemd_or_xdg_says(environ: dict[str, str], folder: Path) -> None:
    assert cache_folder(environ) == folder


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user that /etc/passwd does not know")
def test_a_user_without_a_home_is_told_what_to_set() -> None:
    code = "import os; from agent.paths import home; del os.environ['HOME']; os.setuid(54321); home()"
    environ = {**os.environ, "HOME": "/", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environ)
    assert done.stderr.splitlines()[-1].startswith("profiles.errors.UsageError: this user has no home folder; set HOME")


def test_the_artifacts_ship_with_the_package() -> None:
    import agent

    assert shipped_artifacts().parent == Path(agent.__path__[0])


def test_what_was_installed_goes_before_what_ships(tmp_path: Path) -> None:
    assert default_artifacts(tmp_path) == shipped_artifacts()
    assert deployed_config(tmp_path) is None
    (tmp_path / "slots/b/artifacts").mkdir(parents=True)
    (tmp_path / "slots/b/config").mkdir()
    (tmp_path / "slots/b/config/config.toml").touch()
    (tmp_path / "current").symlink_to("slots/b")
    assert default_artifacts(tmp_path) == tmp_path.resolve() / "slots/b/artifacts"
    assert deployed_config(tmp_path) == tmp_path.resolve() / "slots/b/config/config.toml"
