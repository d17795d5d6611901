"""A bundle: artifacts, configuration and wheels in one signed file; writing it, and reading it where it holds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.archive import END, ArchiveReader, archive_bytes, header, padding
from deploy.manifest import FILE_NAME, MAX_BYTES, SIGNATURE_NAME, BundleManifest, Member, dump_manifest, parse_manifest
from deploy.sign import SIGNATURE_BYTES, check_signature
from profiles.errors import BundleError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


@dataclass(frozen=True)
class Bundle:
    """A bundle whose signature holds and whose size is right; `check` looks at the rest of it."""

    path: Path
    manifest: BundleManifest
    signed: bytes
    """`bundle.json`, as it was signed."""

    @property
    def digest(self) -> str:
        """What tells this bundle from every other one: the SHA-256 of its manifest, in hex."""
        return hashlib.sha256(self.signed).hexdigest()

    def contents(self) -> Iterator[tuple[Member, bytes]]:
        """Every file with its content, one at a time in memory, once its checksum held.

        Raises:
            BundleError: something differs from what was signed; also at the end, where something follows.
        """
        with _open(self.path) as reader:
            reader.take(FILE_NAME, len(self.signed))
            reader.take(SIGNATURE_NAME, SIGNATURE_BYTES)
            for member in self.manifest.members:
                content = reader.take(member.path, member.bytes)
                if hashlib.sha256(content).hexdigest() != member.sha256:
                    raise BundleError(f"{member.path} in {self.path} is damaged; copy the bundle again")
                yield member, content
            reader.end()

    def check(self) -> None:
        """Pass where every bit is as it was signed.

        Raises:
            BundleError: something differs.
        """
        for _ in self.contents():
            pass


def open_bundle(path: Path, key: Ed25519PublicKey) -> Bundle:
    """Read who made a bundle and what it promises to hold; what it holds is for `Bundle.check`.

    Raises:
        BundleError: it cannot be read, its signature does not hold, or its size is not the one that it promises.
    """
    with _open(path) as reader:
        signed = reader.take_unlisted(FILE_NAME, MAX_BYTES)
        signature = reader.take(SIGNATURE_NAME, SIGNATURE_BYTES)
        found = os.fstat(reader.file.fileno()).st_size
    check_signature(key, signature, signed, path)
    manifest = parse_manifest(signed, str(path))
    head = [(FILE_NAME, len(signed)), (SIGNATURE_NAME, len(signature))]
    promised = archive_bytes([*head, *((member.path, member.bytes) for member in manifest.members)])
    if found != promised:
        raise BundleError(f"{path} has {found:,} bytes instead of {promised:,}; copy it again")
    return Bundle(path, manifest, signed)


def seal(manifest: BundleManifest, contents: Mapping[str, bytes], key: Ed25519PrivateKey) -> bytes:
    """A bundle's bytes: the same manifest, contents and key give the same.

    Args:
        manifest: lists what is in `contents`.
        contents: each file's content, by its path in the bundle.
        key: to sign with.
    """
    signed = dump_manifest(manifest)
    files = [(FILE_NAME, signed), (SIGNATURE_NAME, key.sign(signed))]
    files += [(member.path, contents[member.path]) for member in manifest.members]
    return b"".join(header(name, len(content)) + content + padding(len(content)) for name, content in files) + END


@contextmanager
def _open(path: Path) -> Iterator[ArchiveReader]:
    if path.exists() and not path.is_file():
        raise BundleError(f"{path} is no file; name one that 'digit-deploy bundle' made")
    try:
        with path.open("rb") as file:
            yield ArchiveReader(file, path)
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}); copy the bundle again") from error
