from __future__ import annotations

from pathlib import Path

import pytest

from agent.folders import cache_folder, default_artifacts


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


def test_the_artifacts_ship_with_the_package() -> None:
    import agent

    assert default_artifacts().parent == Path(agent.__path__[0])
