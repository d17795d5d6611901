"""Download MNIST from its public mirrors: resumed where it stopped, verified, and never half-written.

A file is right when its unpacked bytes have the known SHA-256, whichever mirror it came from.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.client
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

from profiles.errors import DownloadError, OutputError

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
SHA256: Mapping[str, str] = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""Of the unpacked files."""
TRIES = 3
"""Requests to one mirror for one file; each continues where the one before stopped."""
CHUNK_BYTES = 1 << 16

Report = Callable[[str, int, int], None]
"""Called with a file's name, and how many of how many bytes have arrived."""


class _RefusedError(Exception):
    """A mirror does not deliver this file, so asking it again is no use."""


def fetch(
    folder: Path,
    report: Report,
    *,
    mirrors: Sequence[str] = MIRRORS,
    sha256: Mapping[str, str] = SHA256,
    timeout_s: float = 30,
) -> None:
    """Have every file in `folder`, gzipped; what is there and right stays as it is.

    Raises:
        DownloadError: no mirror delivered a file; what did arrive stays, and the next call continues.
        OutputError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, digest in sha256.items():
            target = folder / f"{name}.gz"
            if not is_right(target if target.exists() else folder / name, digest):
                _fetch_file(target, digest, mirrors, report, timeout_s)
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}); choose another with --data") from error


def is_right(path: Path, digest: str) -> bool:
    """Whether a file is there and its unpacked bytes have this SHA-256."""
    unpacked = hashlib.sha256()
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                unpacked.update(chunk)
    except (FileNotFoundError, gzip.BadGzipFile, EOFError, zlib.error):
        return False
    return unpacked.hexdigest() == digest


def _fetch_file(target: Path, digest: str, mirrors: Sequence[str], report: Report, timeout_s: float) -> None:
    partial = target.with_name(f".{target.name.removesuffix('.gz')}.partial.gz")
    reasons = []
    for mirror in mirrors:
        for _ in range(TRIES):
            try:
                _continue(mirror + target.name, partial, functools.partial(report, target.name), timeout_s)
            except _RefusedError as error:
                reasons.append(f"{mirror}: {error}")
                break
            except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
                reasons.append(f"{mirror}: {error}")
                continue
            if is_right(partial, digest):
                partial.replace(target)
                return
            partial.unlink()
            reasons.append(f"{mirror}: wrong checksum")
    raise DownloadError(
        f"no mirror delivered {target.name} ({'; '.join(dict.fromkeys(reasons))}); "
        "check the network and run the command again, it continues"
    )


def _continue(url: str, partial: Path, report: Callable[[int, int], None], timeout_s: float) -> None:
    """Append to `partial` what it still lacks.

    Raises:
        ConnectionError: the connection ended early.
    """
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 (our table)
    try:
        answer = urllib.request.urlopen(request, timeout=timeout_s)  # noqa: S310
    except urllib.error.HTTPError as error:
        with error:
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # Nothing is missing, or the file is another one: the checksum tells.
            raise _RefusedError(f"{error.code} {error.reason}") from error
    with answer:
        if answer.status != HTTPStatus.PARTIAL_CONTENT:
            have = 0
        total = have + int(answer.headers.get("Content-Length", 0))
        with partial.open("ab" if have else "wb") as file:
            while chunk := answer.read(CHUNK_BYTES):
                file.write(chunk)
                have += len(chunk)
                report(have, total)
    if have < total:
        raise ConnectionResetError(f"the connection ended after {have} of {total} bytes")
