"""Files of the systemd service, and their installation.

The templates are in the folder `systemd`: beside this module in an installed package, at the root in a checkout.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.config.example import example
from agent.paths import CONFIG_FILE
from profiles.atomic_write import write_atomic
from profiles.errors import OutputError, UsageError
from profiles.ownership import changeable_by_others
from profiles.profile import Profile

OPTIONS = "etc/digit-agent/agent.env"
CONFIG = str(CONFIG_FILE.relative_to("/"))
USER_FILES = (OPTIONS, CONFIG)
"""Files that belong to the user: written once, never overwritten or removed."""
_ENABLED_LINK = "etc/systemd/system/multi-user.target.wants/digit-agent.service"
_TARGETS = {
    "digit-agent.service": "etc/systemd/system/digit-agent.service",
    "50-board.conf": "etc/systemd/system/digit-agent.service.d/50-board.conf",
    "60-reload.conf": "etc/systemd/system/digit-agent.service.d/60-reload.conf",
    "digit-agent-again.timer": "etc/systemd/system/digit-agent-again.timer",
    "digit-deploy-recover.service": "etc/systemd/system/digit-deploy-recover.service",
    "digit-agent.sysusers": "etc/sysusers.d/digit-agent.conf",
    "digit-agent.tmpfiles": "etc/tmpfiles.d/digit-agent.conf",
    "60-digit-agent.rules": "etc/udev/rules.d/60-digit-agent.rules",
    "agent.env": OPTIONS,
}
_NOTIFY_RELOAD_VERSION = 253
"""First version of systemd with Type=notify-reload."""
_FORBIDDEN = re.compile(r"[$'\"\\\n\t]")
"""Characters that systemd does not allow in the path of a program."""
_MEMORY_HIGH, _MEMORY_MAX = 0.60, 0.75
"""Shares of the board's memory at which systemd slows the service down, and at which it kills it."""
_UMASK = 0o022
"""Leaves 0755 of the mode of a new folder."""
_FREE_CPU_PERCENT = 50
"""CPU time that the service leaves to other programs, in percent of one core."""


@dataclass(frozen=True)
class ServiceFile:
    """One file of the service."""

    path: Path
    content: str


def service_files(root: Path, executable: Path, profile: Profile) -> tuple[ServiceFile, ...]:
    """Return the files of the service, without the user's files that already exist.

    Args:
        root: folder to use as `/`.
        executable: absolute path of the `digit-agent` that the service starts.
        profile: profile of the board; it limits the memory and the CPU time of the service.

    Raises:
        UsageError: systemd cannot start a program with this path.
    """
    templates = templates_folder()
    programs = {"@EXECUTABLE@": _quote(executable), "@DEPLOY@": _quote(executable.with_name("digit-deploy"))}
    values = {**programs, **limits(profile)}
    files = (
        *(
            ServiceFile(root / target, _fill((templates / name).read_text("utf-8"), values))
            for name, target in _TARGETS.items()
            if name != "60-reload.conf" or systemd_version(root) >= _NOTIFY_RELOAD_VERSION
        ),
        ServiceFile(root / CONFIG, example()),
    )
    user_files = {root / target for target in USER_FILES}
    return tuple(file for file in files if file.path not in user_files or not file.path.exists())


def limits(profile: Profile) -> dict[str, str]:
    """Return the values of the placeholders in `50-board.conf`.

    The memory limits are in MiB for a board of the catalogue, from its smallest memory, and a share of the memory for
    any other machine. The CPU time is not limited on other machines, because their number of cores is unknown.
    """
    memory_mb, generic = profile.memory_mb, profile.family == "generic"
    high, maximum = (
        f"{share:.0%}" if memory_mb is None else f"{share * memory_mb:.0f}M" for share in (_MEMORY_HIGH, _MEMORY_MAX)
    )
    quota = "" if generic else f"{100 * profile.cpu.cores - _FREE_CPU_PERCENT}%"
    return {"@BOARD@": profile.title, "@MEMORY_HIGH@": high, "@MEMORY_MAX@": maximum, "@CPU_QUOTA@": quota}


def systemd_version(root: Path) -> int:
    """Return the version of the installed systemd, from the file name of its library; 0 if there is none."""
    folders = (root / "usr/lib/systemd", *(root / "usr/lib").glob("*/systemd"))
    names = (path.name for folder in folders for path in folder.glob("libsystemd-shared-*"))
    return max((int(found[1]) for name in names if (found := re.match(r"libsystemd-shared-(\d+)", name))), default=0)


def write_file(file: ServiceFile) -> None:
    """Write one file atomically.

    Raises:
        OutputError: the file cannot be written.
    """
    before = os.umask(_UMASK)  # the service and systemd read the files and their folders
    try:
        write_atomic(file.path, file.content.encode())
        file.path.chmod(0o644)
    except OSError as error:
        raise OutputError(f"{file.path} cannot be written ({error.strerror})", advice=_advice(error)) from error
    finally:
        os.umask(before)


def installed_files(root: Path) -> tuple[Path, ...]:
    """Return the files of the service that exist, without files that the user made."""
    paths = (root / target for target in (*_TARGETS.values(), _ENABLED_LINK) if target != OPTIONS)
    return tuple(path for path in paths if path.is_symlink() or path.exists())


def remove_file(path: Path) -> None:
    """Remove one file; a missing file is not an error.

    Raises:
        OutputError: the file cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be removed ({error.strerror})", advice=_advice(error)) from error


def inaccessible_to_others(program: Path) -> Path | None:
    """Return the first part of a program's path that other users cannot enter or execute; None if they can run it."""
    for path in (program, program.resolve()):
        for part in (*reversed(path.parents), path):
            if not part.stat().st_mode & stat.S_IXOTH:
                return part
    return None


def refuse_changeable(root: Path, executable: Path, python: Path, packages: Path) -> None:
    """Check that only root can change what the service runs: as root, it undoes interrupted installations at each boot.

    Args:
        root: folder that is used as `/`. A file that does not exist there is not checked.
        executable: absolute path of the `digit-agent` that the service starts.
        python: the Python that runs it.
        packages: folder of the installed packages.

    Raises:
        UsageError: another user can replace or change one of these, or a folder on the way.
    """
    for path in (executable, executable.with_name("digit-deploy"), python, packages, packages / "deploy"):
        inside = root / path.relative_to("/")
        if inside.exists() and (changeable := changeable_by_others(inside, ignored=root.parents)) is not None:
            raise UsageError(
                f"other users can change {changeable}, and root would run {path} at each boot",
                advice="install digit-agent as root: sudo python3 -m venv /opt/digit-agent, then its pip as root, too",
            )


def templates_folder() -> Path:
    """Return the folder of the templates, in an installed package or in a checkout."""
    here = Path(__file__).parent
    packaged = here / "systemd"
    return packaged if packaged.is_dir() else here.parent / "systemd"


def _fill(template: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        template = template.replace(name, value)
    return template


def _quote(executable: Path) -> str:
    """Quote and escape a path for a command line in a systemd unit, where % starts a specifier."""
    if _FORBIDDEN.search(str(executable)):
        advice = "install digit-agent into a path without quotes and $"
        raise UsageError(f"systemd cannot start {str(executable)!r}", advice=advice)
    escaped = str(executable).replace("%", "%%")
    return f'"{escaped}"' if " " in escaped else escaped


def _advice(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return "run it as root, with sudo"
    return "free space there, or make the folder writable"
