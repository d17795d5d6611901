"""Download MNIST from its public mirrors, resuming partial downloads and verifying checksums.

A file is complete if its unpacked bytes have the known SHA-256. Files appear under their names only when complete.
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
"""SHA-256 of each unpacked file."""
MAX_TRIES = 3
"""Number of requests to one mirror for one file; each continues where the previous one stopped."""
CHUNK_BYTES = 1 << 16
"""Number of bytes read at once."""

ReportProgress = Callable[[str, int, int], None]
"""Callback with a file's name, the bytes received so far, and the bytes in total."""


class _RefusedError(Exception):
    """Raised when a mirror refuses a file; a retry would not help."""


def fetch(
    folder: Path,
    report: ReportProgress,
    *,
    mirrors: Sequence[str] = MIRRORS,
    sha256: Mapping[str, str] = SHA256,
    timeout_s: float = 30,
) -> None:
    """Download all missing or damaged files into `folder`, gzipped; complete files are kept.

    Args:
        folder: target folder; it is created if needed.
        report: called after each chunk of a download.
        mirrors: base URLs, tried in order.
        sha256: SHA-256 of each unpacked file, by name.
        timeout_s: timeout of a request, in seconds.

    Raises:
        DownloadError: no mirror delivered a file. The part that arrived is kept, and the next call continues.
        OutputError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, digest in sha256.items():
            target = folder / f"{name}.gz"
            if not has_digest(target if target.exists() else folder / name, digest):
                _fetch_file(target, digest, mirrors, report, timeout_s)
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror})", advice="choose another with --data"
        ) from error


def has_digest(path: Path, digest: str) -> bool:
    """Whether a file exists and its unpacked bytes have this SHA-256."""
    unpacked = hashlib.sha256()
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                unpacked.update(chunk)
    except (FileNotFoundError, gzip.BadGzipFile, EOFError, zlib.error):
        return False
    return unpacked.hexdigest() == digest


def _fetch_file(target: Path, digest: str, mirrors: Sequence[str], report: ReportProgress, timeout_s: float) -> None:
    partial = target.with_name(f".{target.name.removesuffix('.gz')}.partial.gz")
    reasons = []
    for mirror in mirrors:
        for _ in range(MAX_TRIES):
            try:
                _download_rest(mirror + target.name, partial, functools.partial(report, target.name), timeout_s)
            except _RefusedError as error:
                reasons.append(f"{mirror}: {error}")
                break
            except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
                reasons.append(f"{mirror}: {error}")
                continue
            if has_digest(partial, digest):
                partial.replace(target)
                return
            partial.unlink()
            reasons.append(f"{mirror}: wrong checksum")
    raise DownloadError(
        f"no mirror delivered {target.name} ({'; '.join(dict.fromkeys(reasons))})",
        advice="check the network and run the command again; it continues where it stopped",
    )


def _download_rest(url: str, partial: Path, report: Callable[[int, int], None], timeout_s: float) -> None:
    """Append the missing bytes to `partial`.

    Raises:
        ConnectionError: the connection ended early.
    """
    received = partial.stat().st_size if partial.exists() else 0
    headers = {"Range": f"bytes={received}-"} if received else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (our table)
    try:
        response = urllib.request.urlopen(request, timeout=timeout_s)  # noqa: S310
    except urllib.error.HTTPError as error:
        with error:
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # Nothing is missing, or the file is another one: the caller checks the checksum.
            raise _RefusedError(f"{error.code} {error.reason}") from error
    with response:
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            received = 0
        total = received + int(response.headers.get("Content-Length", 0))
        with partial.open("ab" if received else "wb") as file:
            while chunk := response.read(CHUNK_BYTES):
                file.write(chunk)
                received += len(chunk)
                report(received, total)
    if received < total:
        raise ConnectionResetError(f"the connection ended after {received} of {total} bytes")
