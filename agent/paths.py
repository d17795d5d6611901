"""Default paths of the agent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from profiles.paths import CURRENT_LINK, DEPLOY_ROOT

CONFIG_FILE = Path("/etc/digit-agent/config.toml")
"""Configuration file of the machine's administrator."""
NO_HOME = Path("/proc/nonexistent")
"""Home of a user without one. Nobody can make a folder in /proc: nothing is cached, and the log says that it stops."""
LOG_FILE_NAME = "agent.db"
WEB_LOGIN_NAME = "web-login.json"
OUTBOX_NAME = "outbox.db"
LEARNED_NAME = "learned.json"


def default_artifacts(deploy_root: Path = DEPLOY_ROOT) -> Path:
    """Return the folder of the installed artifacts, or of the shipped ones if none are installed.

    Symbolic links are resolved: an installation must not change the folder that is in use.
    """
    installed = (deploy_root / CURRENT_LINK / "artifacts").resolve()
    return installed if installed.is_dir() else shipped_artifacts()


def deployed_config(deploy_root: Path = DEPLOY_ROOT) -> Path | None:
    """Return the configuration file of the installed bundle, or None if there is none."""
    installed = (deploy_root / CURRENT_LINK / "config" / "config.toml").resolve()
    return installed if installed.is_file() else None


def shipped_artifacts() -> Path:
    """Return the folder of the artifacts that ship with the package."""
    return Path(__file__).parent / "artifacts"


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for files that can be computed again.

    It is systemd's `$CACHE_DIRECTORY`, else `$XDG_CACHE_HOME/digit-agent`, else `~/.cache/digit-agent`.
    A relative XDG path is ignored, as https://specifications.freedesktop.org/basedir-spec/latest demands.
    """
    return _service_folder(environ, "CACHE_DIRECTORY") or _xdg_folder(environ, "XDG_CACHE_HOME", ".cache")


def default_log(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the log database.

    Its folder is systemd's `$STATE_DIRECTORY`, else `$XDG_STATE_HOME/digit-agent`, else `~/.local/state/digit-agent`.
    Source: systemd.exec(5) on STATE_DIRECTORY, and the XDG base directory specification.
    """
    folder = _service_folder(environ, "STATE_DIRECTORY") or _xdg_folder(environ, "XDG_STATE_HOME", ".local/state")
    return folder / LOG_FILE_NAME


def web_login_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the file with the hashes of the page's password and token, beside the log."""
    return default_log(environ).with_name(WEB_LOGIN_NAME)


def outbox_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the messages that wait to leave the board, beside the log."""
    return default_log(environ).with_name(OUTBOX_NAME)


def learned_file(log: Path) -> Path:
    """Return the path of what was learned from the corrections of a log, beside the log."""
    return log.with_name(LEARNED_NAME)


def runtime_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the service's folder in RAM, systemd's `$RUNTIME_DIRECTORY`, or None outside of a service."""
    return _service_folder(environ, "RUNTIME_DIRECTORY")


def home() -> Path:
    """Return the user's home folder; NO_HOME if HOME is not set and the user has no entry in /etc/passwd."""
    try:
        return Path.home()
    except RuntimeError:
        return NO_HOME


def _service_folder(environ: Mapping[str, str], variable: str) -> Path | None:
    """Return the first of the colon-separated folders that systemd gives in a variable, or None if it is not set."""
    first = environ.get(variable, "").partition(":")[0]
    return Path(first) if first else None


def _xdg_folder(environ: Mapping[str, str], variable: str, default: str) -> Path:
    """Return the agent's folder below an XDG base folder; `default` is relative to the home folder."""
    base = Path(environ.get(variable, ""))
    return (base if base.is_absolute() else home() / default) / "digit-agent"
