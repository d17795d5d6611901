"""The systemd service: which files it consists of, and putting them in place.

The folder `systemd` lies beside this module in an installed package, and at the root of a checkout.
"""

from __future__ import annotations

import errno
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from profiles.errors import OutputError, UsageError
from profiles.whole import write_whole

OPTIONS = "etc/digit-agent/agent.env"
"""The user's own: written once, never overwritten or removed."""
_ENABLED = "etc/systemd/system/multi-user.target.wants/digit-agent.service"
_PLACES = {
    "digit-agent.service": "etc/systemd/system/digit-agent.service",
    "digit-agent.sysusers": "etc/sysusers.d/digit-agent.conf",
    "digit-agent.tmpfiles": "etc/tmpfiles.d/digit-agent.conf",
    "60-digit-agent.rules": "etc/udev/rules.d/60-digit-agent.rules",
    "agent.env": OPTIONS,
}
_REFUSED = re.compile(r"['\"\\\n\t]")
"""What systemd allows in no program's path."""


@dataclass(frozen=True)
class ServiceFile:
    """One file of the service, and where it belongs."""

    path: Path
    content: str


def service_files(root: Path, executable: Path) -> tuple[ServiceFile, ...]:
    """The files to write: all of the service's, but for options that the user already has.

    Args:
        root: the folder that is `/` for them.
        executable: the `digit-agent` that the service starts, an absolute path.

    Raises:
        UsageError: systemd cannot start a program of that path.
    """
    templates = templates_folder()
    files = (
        ServiceFile(root / place, (templates / name).read_text("utf-8").replace("@EXECUTABLE@", _quote(executable)))
        for name, place in _PLACES.items()
    )
    return tuple(file for file in files if file.path != root / OPTIONS or not file.path.exists())


def write_file(file: ServiceFile) -> None:
    """Write one file, all of it or nothing.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        write_whole(file.path, file.content.encode())
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


def _quote(executable: Path) -> str:
    """A path as systemd's command lines want it: in quotes, % begins a specifier, and no path may hold a quote."""
    if _REFUSED.search(str(executable)):
        raise UsageError(f"systemd cannot start {str(executable)!r}; install digit-agent where no path has a quote")
    escaped = str(executable).replace("%", "%%")
    return f'"{escaped}"' if " " in escaped else escaped


def _way_out(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return "run it as root, with sudo"
    return "make room there, or make the folder writable"
