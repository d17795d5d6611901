"""The systemd service: which files it consists of, and putting them in place.

The folder `systemd` lies beside this module in an installed package, and at the root of a checkout.
"""

from __future__ import annotations

import errno
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.config.example import example
from profiles.atomic_write import write_atomic
from profiles.errors import OutputError, UsageError
from profiles.profile import Profile

OPTIONS = "etc/digit-agent/agent.env"
CONFIG = "etc/digit-agent/config.toml"
USERS = (OPTIONS, CONFIG)
"""The user's own: written once, never overwritten or removed."""
_ENABLED = "etc/systemd/system/multi-user.target.wants/digit-agent.service"
_PLACES = {
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
_WAITS_FOR_RELOADS = 253
"""The first version of systemd that knows Type=notify-reload."""
_REFUSED = re.compile(r"[$'\"\\\n\t]")
"""What systemd allows in no program's path."""
_MEMORY_HIGH, _MEMORY_MAX = 0.60, 0.75
"""Shares of a board's memory: from where the service is slowed down, and where it is ended."""
_FREE_CPU_PERCENT = 50
"""What the service leaves of a board's cores, in percent of one."""


@dataclass(frozen=True)
class ServiceFile:
    """One file of the service, and where it belongs."""

    path: Path
    content: str


def service_files(root: Path, executable: Path, profile: Profile) -> tuple[ServiceFile, ...]:
    """The files to write: all of the service's, but for options that the user already has.

    Args:
        root: the folder that is `/` for them.
        executable: the `digit-agent` that the service starts, an absolute path.
        profile: the board's, which bounds the memory and the cores that the service may take.

    Raises:
        UsageError: systemd cannot start a program of that path.
    """
    templates = templates_folder()
    programs = {"@EXECUTABLE@": _quote(executable), "@DEPLOY@": _quote(executable.with_name("digit-deploy"))}
    values = {**programs, **bounds(profile)}
    files = (
        *(
            ServiceFile(root / place, _fill((templates / name).read_text("utf-8"), values))
            for name, place in _PLACES.items()
            if name != "60-reload.conf" or systemd_version(root) >= _WAITS_FOR_RELOADS
        ),
        ServiceFile(root / CONFIG, example()),
    )
    users = {root / place for place in USERS}
    return tuple(file for file in files if file.path not in users or not file.path.exists())


def bounds(profile: Profile) -> dict[str, str]:
    """What a board's profile puts into `50-board.conf`: the values of its placeholders.

    Memory is in MiB of the least that the board is sold with, or a share of what a machine has that is no board of the
    catalogue; such a machine's cores are not known either, so there its CPU has no quota.
    """
    memory_mb, generic = profile.memory_mb, profile.family == "generic"
    high, most = (
        f"{share:.0%}" if memory_mb is None else f"{share * memory_mb:.0f}M" for share in (_MEMORY_HIGH, _MEMORY_MAX)
    )
    quota = "" if generic else f"{100 * profile.cpu.cores - _FREE_CPU_PERCENT}%"
    return {"@BOARD@": profile.title, "@MEMORY_HIGH@": high, "@MEMORY_MAX@": most, "@CPU_QUOTA@": quota}


def systemd_version(root: Path) -> int:
    """The version of the systemd that is installed, which the name of its own library tells; 0 where there is none."""
    folders = (root / "usr/lib/systemd", *(root / "usr/lib").glob("*/systemd"))
    names = (path.name for folder in folders for path in folder.glob("libsystemd-shared-*"))
    return max((int(found[1]) for name in names if (found := re.match(r"libsystemd-shared-(\d+)", name))), default=0)


def write_file(file: ServiceFile) -> None:
    """Write one file, all of it or nothing.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        write_atomic(file.path, file.content.encode())
        file.path.chmod(0o644)
    except OSError as error:
        raise OutputError(f"{file.path} cannot be written ({error.strerror}); {_way_out(error)}") from error


def installed_files(root: Path) -> tuple[Path, ...]:
    """The files of the service that are there, but for the user's options."""
    places = (root / place for place in (*_PLACES.values(), _ENABLED) if place != OPTIONS)
    return tuple(path for path in places if path.is_symlink() or path.exists())


def remove_file(path: Path) -> None:
    """Remove one file; one that is not there is removed already.

    Raises:
        OutputError: it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be removed ({error.strerror}); {_way_out(error)}") from error


def closed_to_others(program: Path) -> Path | None:
    """The first folder or file on the way to a program through which the service's user cannot pass; None if it can."""
    for path in (program, program.resolve()):
        for step in (*reversed(path.parents), path):
            if not step.stat().st_mode & stat.S_IXOTH:
                return step
    return None


def templates_folder() -> Path:
    """The folder `systemd` with the service's files, in an installed package or in a checkout."""
    here = Path(__file__).parent
    packaged = here / "systemd"
    return packaged if packaged.is_dir() else here.parent / "systemd"


def _fill(template: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        template = template.replace(name, value)
    return template


def _quote(executable: Path) -> str:
    """A path as systemd's command lines want it: in quotes, % begins a specifier, and no path may hold a quote."""
    if _REFUSED.search(str(executable)):
        raise UsageError(
            f"systemd cannot start {str(executable)!r}; install digit-agent where no path has a quote or $"
        )
    escaped = str(executable).replace("%", "%%")
    return f'"{escaped}"' if " " in escaped else escaped


def _way_out(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return "run it as root, with sudo"
    return "make room there, or make the folder writable"
