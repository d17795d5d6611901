from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.paths import (
    NO_HOME,
    cache_folder,
    default_artifacts,
    default_log,
    deployed_config,
    runtime_folder,
    shipped_artifacts,
)


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
def test_cache_is_in_the_cache_folder_of_systemd_or_xdg(environ: dict[str, str], folder: Path) -> None:
    assert cache_folder(environ) == folder


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"STATE_DIRECTORY": "/var/lib/digit-agent", "XDG_STATE_HOME": "/x"}, "/var/lib/digit-agent/agent.db"),
        ({"STATE_DIRECTORY": "/var/lib/one:/var/lib/two"}, "/var/lib/one/agent.db"),
        ({"XDG_STATE_HOME": "/x"}, "/x/digit-agent/agent.db"),
        ({"XDG_STATE_HOME": "relative"}, str(Path.home() / ".local/state/digit-agent/agent.db")),
        ({}, str(Path.home() / ".local/state/digit-agent/agent.db")),
    ],
)
def test_log_is_in_the_state_folder_of_systemd_or_xdg(environ: dict[str, str], path: str) -> None:
    assert default_log(environ) == Path(path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user that /etc/passwd does not know")
def test_a_user_without_a_home_folder_has_one_that_does_not_exist() -> None:
    code = "import os; from agent.paths import home; del os.environ['HOME']; os.setuid(54321); print(home())"
    environ = {**os.environ, "HOME": "/", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environ)
    assert (done.stdout, done.stderr) == (f"{NO_HOME}\n", "")


def test_artifacts_ship_with_the_package() -> None:
    import agent

    assert shipped_artifacts().parent == Path(agent.__path__[0])


def test_installed_artifacts_precede_shipped_ones(tmp_path: Path) -> None:
    assert default_artifacts(tmp_path) == shipped_artifacts()
    assert deployed_config(tmp_path) is None
    (tmp_path / "slots/b/artifacts").mkdir(parents=True)
    (tmp_path / "slots/b/config").mkdir()
    (tmp_path / "slots/b/config/config.toml").touch()
    (tmp_path / "current").symlink_to("slots/b")
    assert default_artifacts(tmp_path) == tmp_path.resolve() / "slots/b/artifacts"
    assert deployed_config(tmp_path) == tmp_path.resolve() / "slots/b/config/config.toml"


def test_runtime_folder_exists_only_in_a_service() -> None:
    assert runtime_folder({"RUNTIME_DIRECTORY": "/run/digit-agent:/run/other"}) == Path("/run/digit-agent")
    assert runtime_folder({}) is None
