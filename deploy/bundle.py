"""Write and read bundles: artifacts, configuration and wheels in one signed file."""

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
from deploy.sign import SIGNATURE_BYTES
from profiles.errors import BundleError
from profiles.regular_file import open_regular_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from deploy.trust import TrustedKeys


@dataclass(frozen=True)
class Bundle:
    """A bundle with a valid signature and the right size. `check` verifies its files."""

    path: Path
    title: str
    """Its name in messages."""
    manifest: BundleManifest
    signed: bytes
    """Content of `bundle.json`: the bytes that are signed."""
    signature: bytes
    key: str
    """Name of the key that made the signature."""

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest, in hex. It identifies the bundle."""
        return hashlib.sha256(self.signed).hexdigest()

    def contents(self) -> Iterator[tuple[Member, bytes]]:
        """Yield each file with its verified content; one file is in memory at a time.

        Raises:
            BundleError: a file differs from what was signed, or data follows the last file.
        """
        with _open(self.path, self.title) as reader:
            reader.take(FILE_NAME, len(self.signed))
            reader.take(SIGNATURE_NAME, SIGNATURE_BYTES)
            for member in self.manifest.members:
                content = reader.take(member.path, member.bytes)
                if hashlib.sha256(content).hexdigest() != member.sha256:
                    raise BundleError(f"{member.path} in {self.title} is damaged", advice="copy the bundle again")
                yield member, content
            reader.end()

    def check(self) -> None:
        """Verify every file.

        Raises:
            BundleError: a file differs from what was signed.
        """
        for _ in self.contents():
            pass


@dataclass(frozen=True)
class Head:
    """The beginning of a bundle, with a valid signature."""

    manifest: BundleManifest
    signed: bytes
    signature: bytes
    key: str
    """Name of the key that made the signature."""

    @property
    def total_bytes(self) -> int:
        """Size that the whole bundle must have."""
        head = [(FILE_NAME, len(self.signed)), (SIGNATURE_NAME, len(self.signature))]
        return archive_bytes([*head, *((member.path, member.bytes) for member in self.manifest.members)])


def read_head(reader: ArchiveReader, keys: TrustedKeys) -> Head:
    """Read the manifest of a bundle after its signature was verified.

    Raises:
        BundleError: it is not a bundle, no accepted key signed it, or its manifest is not understood.
    """
    signed = reader.take_unlisted(FILE_NAME, MAX_BYTES)
    signature = reader.take(SIGNATURE_NAME, SIGNATURE_BYTES)
    key = keys.find_signer(signature, signed, reader.title)
    return Head(parse_manifest(signed, reader.title), signed, signature, key)


def open_bundle(path: Path, keys: TrustedKeys, title: str | None = None) -> Bundle:
    """Open a bundle and verify its signature and size. `Bundle.check` verifies the files.

    Args:
        path: the bundle.
        keys: keys that may sign it.
        title: its name in messages; the path by default.

    Raises:
        BundleError: it cannot be read, its signature is not valid, or its size is wrong.
    """
    title = title or str(path)
    with _open(path, title) as reader:
        head = read_head(reader, keys)
        found = os.fstat(reader.file.fileno()).st_size
    if found != head.total_bytes:
        raise BundleError(f"{title} has {found:,} bytes instead of {head.total_bytes:,}", advice="copy it again")
    return Bundle(path, title, head.manifest, head.signed, head.signature, head.key)


def head_bytes(signed: bytes, signature: bytes) -> bytes:
    """Return the beginning of a bundle: its manifest and the signature."""
    return b"".join(_entry(name, content) for name, content in ((FILE_NAME, signed), (SIGNATURE_NAME, signature)))


def seal(manifest: BundleManifest, contents: Mapping[str, bytes], key: Ed25519PrivateKey) -> bytes:
    """Return the bytes of a signed bundle. The same arguments give the same bytes.

    Args:
        manifest: lists the files in `contents`.
        contents: content of each file, by its path in the bundle.
        key: signs the manifest.
    """
    signed = dump_manifest(manifest)
    files = (_entry(member.path, contents[member.path]) for member in manifest.members)
    return head_bytes(signed, key.sign(signed)) + b"".join(files) + END


def _entry(name: str, content: bytes) -> bytes:
    return header(name, len(content)) + content + padding(len(content))


@contextmanager
def _open(path: Path, title: str) -> Iterator[ArchiveReader]:
    try:
        with open_regular_file(path) as file:
            yield ArchiveReader(file, title)
    except OSError as error:
        raise BundleError(f"{title} cannot be read ({error.strerror})", advice="copy the bundle again") from error
