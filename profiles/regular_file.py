"""Read files that others may have replaced: by a pipe that never ends, a device, or a file too large for the memory."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular_file(path: Path, *, follow_links: bool = True) -> BinaryIO:
    """Open a regular file for reading. It never waits, as opening a named pipe would.

    Args:
        path: the file.
        follow_links: whether the last part of the path may be a symbolic link.

    Raises:
        OSError: the file is missing, may not be read, or is not a regular file.
    """
    require_regular(path.stat() if follow_links else path.lstat(), path)  # opening some devices has an effect
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow_links else os.O_NOFOLLOW)
    file = os.fdopen(os.open(path, flags), "rb")
    try:
        require_regular(os.fstat(file.fileno()), path)
    except OSError:
        file.close()
        raise
    return file


def read_regular_file(path: Path, max_bytes: int, *, follow_links: bool = True) -> bytes:
    """Return the content of a regular file.

    Args:
        path: the file.
        max_bytes: size from which the file is refused.
        follow_links: whether the last part of the path may be a symbolic link.

    Raises:
        OSError: see `open_regular_file`; or the file has more than `max_bytes`.
    """
    with open_regular_file(path, follow_links=follow_links) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"it has more than {max_bytes} bytes", str(path))
    return content


def require_regular(found: os.stat_result, path: Path) -> None:
    """Check that a file is a regular one.

    Args:
        found: what `stat` says about it.
        path: the file, for the message.

    Raises:
        OSError: it is not.
    """
    if stat.S_ISDIR(found.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
