"""Receive a bundle on a stream, such as one from ssh, before it is installed.

Only what a trusted key has signed is kept: the signature is verified first, and the signed manifest states how many
bytes follow. The file has no name, so no other program can open or change it, and none is left behind.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from deploy.archive import ArchiveReader
from deploy.bundle import Bundle, head_bytes, open_bundle, read_head
from deploy.preconditions import RESERVE_BYTES, free_bytes
from profiles.errors import BundleError

if TYPE_CHECKING:
    from deploy.trust import TrustedKeys

FOLDER = Path("/var/tmp")  # noqa: S108 (the file in it has no name)
"""Folder for the file; it is on the disk, not in RAM."""
TITLE = "the received bundle"
_BLOCK_BYTES = 2**20


@contextmanager
def received(stream: BinaryIO, keys: TrustedKeys, folder: Path = FOLDER) -> Iterator[Bundle]:
    """Copy a bundle from a stream into a file, and open it; the file is gone at the end of the block.

    Args:
        stream: the bundle, and nothing after it.
        keys: keys that may sign it.
        folder: folder for the file.

    Raises:
        BundleError: its signature is not valid, its size is wrong, or it does not fit on the disk.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            _copy(stream, file, keys, free_bytes(folder))
        except OSError as error:
            raise BundleError(
                f"{TITLE} cannot be copied into {folder} ({error.strerror})",
                advice="free space there, and send it again",
            ) from error
        yield open_bundle(Path(f"/proc/self/fd/{file.fileno()}"), keys, TITLE)


def _copy(stream: BinaryIO, file: IO[bytes], keys: TrustedKeys, free: int) -> None:
    """Copy a bundle from a stream: what a trusted key has signed, and nothing more."""
    reader = ArchiveReader(stream, TITLE)
    head = read_head(reader, keys)
    needed = head.total_bytes + RESERVE_BYTES
    if free < needed:
        raise BundleError(
            f"{reader.title} needs {needed / 1e6:.0f} MB, but only {free / 1e6:.0f} MB are free",
            advice="free space on this board",
        )
    left = head.total_bytes - file.write(head_bytes(head.signed, head.signature))
    while left and (block := stream.read(min(left, _BLOCK_BYTES))):
        left -= file.write(block)
    file.flush()
    if not left and stream.read(1):
        raise BundleError(f"{reader.title} does not end where its manifest says", advice="copy it again")
