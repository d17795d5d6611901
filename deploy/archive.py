"""The file format of a bundle: a tar archive whose every byte follows from its manifest.

The archive contains `bundle.json`, `bundle.sig`, then the files of the manifest in its order (`tar tf` lists them).
Each header is exactly what `header` returns, each file is padded with zeros to 512 bytes, and two zero blocks end the
archive (GNU tar format). The reader compares bytes instead of parsing: it refuses any other bit, and so links, device
nodes and unlisted names.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from profiles.errors import BundleError

BLOCK_BYTES = 512
END = bytes(2 * BLOCK_BYTES)
_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device node",
    tarfile.BLKTYPE: "a device node",
    tarfile.FIFOTYPE: "a named pipe",
    tarfile.DIRTYPE: "a folder",
}


def header(name: str, size: int) -> bytes:
    """Return the tar header of a file, without owner or time. A long name takes more blocks, as in GNU tar.

    Args:
        name: path in the archive.
        size: size of the file, in bytes.
    """
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.GNU_FORMAT)


def padding(size: int) -> bytes:
    """Return the zero bytes that follow a file of a size in bytes."""
    return bytes(-size % BLOCK_BYTES)


def archive_bytes(files: Iterable[tuple[str, int]]) -> int:
    """Return the size of an archive, in bytes, from the names and sizes of its files."""
    return sum(len(header(name, size)) + size + len(padding(size)) for name, size in files) + len(END)


@dataclass(frozen=True)
class ArchiveReader:
    """Reads an archive file by file and refuses everything that is not expected."""

    file: BinaryIO
    title: str
    """Name of the archive in messages."""

    def take_unlisted(self, name: str, max_bytes: int) -> bytes:
        """Return the content of the next file. Its size is read from its header.

        Raises:
            BundleError: the next file has another name, or is larger than `max_bytes`.
        """
        found = self._take(BLOCK_BYTES)
        digits = found[124:135]
        size = int(digits, 8) if re.fullmatch(b"[0-7]{11}", digits) else max_bytes + 1
        if size > max_bytes or found != header(name, size):
            raise self._unexpected(found, name)
        return self._content(size)

    def take(self, name: str, size: int) -> bytes:
        """Return the content of the next file. It must have this name and size.

        Raises:
            BundleError: the next file has another name or size.
        """
        expected = header(name, size)
        found = self._take(len(expected))
        if found != expected:
            raise self._unexpected(found[:BLOCK_BYTES], name)
        return self._content(size)

    def end(self) -> None:
        """Check that the archive ends here.

        Raises:
            BundleError: more data follows, or the end is damaged.
        """
        if self._take(len(END)) != END or self.file.read(1):
            raise BundleError(f"{self.title} does not end where its manifest says", advice="copy it again")

    def _content(self, size: int) -> bytes:
        content = self._take(size)
        if any(self._take(len(padding(size)))):
            raise BundleError(f"{self.title} is damaged between its files", advice="copy it again")
        return content

    def _take(self, size: int) -> bytes:
        content = self.file.read(size)
        if len(content) < size:
            raise BundleError(f"{self.title} is cut off", advice="copy it again")
        return content

    def _unexpected(self, found: bytes, name: str) -> BundleError:
        return BundleError(
            f"{self.title} is not a bundle, or is damaged: found {_describe(found)} instead of {name}",
            advice="name the file that 'digit-deploy bundle' wrote, or copy it again",
        )


def _describe(found: bytes) -> str:
    """Describe in words what a header is for."""
    try:
        info = tarfile.TarInfo.frombuf(found, "utf-8", "backslashreplace")
    except tarfile.HeaderError:
        return "something unreadable"
    return f"{_KINDS.get(info.type, f'a file of {info.size} bytes')} named {info.name!r}"
