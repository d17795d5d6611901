"""Where things lie that no argument names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from profiles.errors import UsageError

DEPLOYED = Path("/var/lib/digit-deploy")
"""Where `digit-deploy` installs."""


def default_artifacts(deployed: Path = DEPLOYED) -> Path:
    """The artifacts to read with: those that were installed, else those that ship with the package.

    The path holds no symbolic link: what is installed while it is in use must not change it.
    """
    installed = (deployed / "current" / "artifacts").resolve()
    return installed if installed.is_dir() else shipped_artifacts()


def deployed_config(deployed: Path = DEPLOYED) -> Path | None:
    """The configuration that was installed with the artifacts; None where there is none."""
    installed = (deployed / "current" / "config" / "config.toml").resolve()
    return installed if installed.is_file() else None


def shipped_artifacts() -> Path:
    """The artifacts that ship with the package."""
    return Path(__file__).parent / "artifacts"


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where to keep what can be made again: systemd's CacheDirectory=, else XDG's, else ~/.cache/digit-agent.

    https://specifications.freedesktop.org/basedir-spec/latest: a relative path is to be ignored.
    """
    if given := environ.get("CACHE_DIRECTORY"):
        return Path(given.split(":")[0])
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else home() / ".cache") / "digit-agent"


def home() -> Path:
    """The user's home folder.

    Raises:
        UsageError: nothing tells where it is: HOME is not set, and the user has no entry in /etc/passwd.
    """
    try:
        return Path.home()
    except RuntimeError as error:
        raise UsageError("this user has no home folder; set HOME, or both XDG_CACHE_HOME and XDG_STATE_HOME") from error
