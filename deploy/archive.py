"""The form of a bundle: a plain tar of which every byte is fixed by its manifest, so that reading it parses nothing.

`tar tf` lists it: `bundle.json`, `bundle.sig`, then the manifest's files in its order. Each header is the one that
`header` makes, each file is padded with zeros to 512 bytes, and two zero blocks end it (GNU tar's format). Whatever
differs by one bit is refused, and so are links, device nodes, and names that the manifest does not list.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
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
    """The header of a file of so many bytes, without owner or time; a long name takes more blocks, as in GNU tar."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.GNU_FORMAT)


def padding(size: int) -> bytes:
    """The zeros after a file of so many bytes."""
    return bytes(-size % BLOCK_BYTES)


def archive_bytes(files: Iterable[tuple[str, int]]) -> int:
    """How large an archive of files of these names and sizes is."""
    return sum(len(header(name, size)) + size + len(padding(size)) for name, size in files) + len(END)


@dataclass(frozen=True)
class ArchiveReader:
    """Reads an archive from its beginning, file by file, and refuses it where it is not as expected."""

    file: BinaryIO
    path: Path
    """For messages."""

    def take_unlisted(self, name: str, max_bytes: int) -> bytes:
        """The next file, whose size only its header tells.

        Raises:
            BundleError: it is another file, or too large.
        """
        found = self._take(BLOCK_BYTES)
        digits = found[124:135]
        size = int(digits, 8) if re.fullmatch(b"[0-7]{11}", digits) else max_bytes + 1
        if size > max_bytes or found != header(name, size):
            raise self._unexpected(found, name)
        return self._content(size)

    def take(self, name: str, size: int) -> bytes:
        """The next file, which must be this one and of this size.

        Raises:
            BundleError: it is not.
        """
        expected = header(name, size)
        found = self._take(len(expected))
        if found != expected:
            raise self._unexpected(found[:BLOCK_BYTES], name)
        return self._content(size)

    def end(self) -> None:
        """Pass where the archive ends here.

        Raises:
            BundleError: it does not.
        """
        if self._take(len(END)) != END or self.file.read(1):
            raise BundleError(f"{self.path} does not end where its manifest says; copy it again")

    def _content(self, size: int) -> bytes:
        content = self._take(size)
        if any(self._take(len(padding(size)))):
            raise BundleError(f"{self.path} is damaged between its files; copy it again")
        return content

    def _take(self, size: int) -> bytes:
        content = self.file.read(size)
        if len(content) < size:
            raise BundleError(f"{self.path} is cut short; copy it again")
        return content

    def _unexpected(self, found: bytes, name: str) -> BundleError:
        return BundleError(f"{self.path} is no bundle, or damaged: {_describe(found)} stands where {name} belongs")


def _describe(found: bytes) -> str:
    """What a header is for, in words."""
    try:
        info = tarfile.TarInfo.frombuf(found, "utf-8", "backslashreplace")
    except tarfile.HeaderError:
        return "something unreadable"
    return f"{_KINDS.get(info.type, f'a file of {info.size} bytes')} named {info.name!r}"
