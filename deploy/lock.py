"""The lock of a root folder: one digit-deploy at a time changes what is installed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from profiles.errors import BusyError, InstallError

FILE_NAME = "lock"
_MODE = 0o600
"""Only root may open the file: whoever can open a file, or a folder, can lock it and so block every installation."""


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Hold the lock. The system releases it when the process ends.

    Raises:
        InstallError: nothing was ever installed there, or the user may not.
        BusyError: another digit-deploy holds the lock.
    """
    if not root.is_dir():
        raise InstallError(f"nothing was ever installed in {root}", advice="install a bundle, or name another --root")
    path = root / FILE_NAME
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    except OSError as error:
        raise InstallError(
            f"{path} cannot be opened ({error.strerror})", advice="run the command as root, with sudo"
        ) from error
    try:
        os.fchmod(handle, _MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"another digit-deploy is running in {root}", advice="wait until it is done") from None
        yield
    finally:
        os.close(handle)
