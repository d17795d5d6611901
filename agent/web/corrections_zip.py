"""The corrected readings as a file to download: the folder that `digit-agent corrections export` writes, as ZIP."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Annotated

import msgspec

from agent.telemetry.corrections_export import export_corrections, size_of_export
from agent.telemetry.report import open_log
from agent.web.answers import ConflictError
from profiles.errors import DigitAgentError, OutputError

MAX_EXPORT_BYTES = 256 * 2**20
"""Most bytes of pictures in one file, four times what a log keeps by default. Raising it takes twice as much of the
disk while the file is made."""
CHUNK_BYTES = 65_536
"""Bytes that are read at a time while the file is sent."""
ONE_AT_A_TIME = threading.Lock()


class ExportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How corrections are exported."""

    group: Annotated[str, msgspec.Meta(max_length=64, description="name of the writer or the place")] = ""


def zip_corrections(log: Path, query: ExportQuery) -> IO[bytes]:
    """Return a temporary file with the ZIP, from its beginning. It has no name, so nothing is left of it.

    Raises:
        ConflictError: another one is being made.
        SourceError: the log cannot be read.
        OutputError: there is no correction with a cut-out, they are too large, or the disk is full.
    """
    if not ONE_AT_A_TIME.acquire(blocking=False):
        raise ConflictError("the corrections are being exported already; try again in a moment")
    try:
        with open_log(log) as connection:
            _, size_bytes = size_of_export(connection)
        if size_bytes > MAX_EXPORT_BYTES:
            raise OutputError(
                f"the corrections are too large for one file ({size_bytes / 2**20:.0f} MiB)",
                advice="run 'digit-agent corrections export' on the board",
            )
        return _zip(log, query.group)
    finally:
        ONE_AT_A_TIME.release()


def _zip(log: Path, group: str) -> IO[bytes]:
    try:
        file = TemporaryFile()  # noqa: SIM115 (the one who sends it closes it)
        try:
            _write(file, log, group)
        except BaseException:
            file.close()
            raise
    except DigitAgentError:  # some of them are an OSError
        raise
    except OSError as error:
        raise OutputError(
            f"the corrections cannot be exported ({error.strerror})", advice="free space for temporary files"
        ) from error
    return file


def _write(file: IO[bytes], log: Path, group: str) -> None:
    """Write the ZIP, and go back to its beginning."""
    with TemporaryDirectory(prefix="digit-agent-") as made:
        folder = Path(made) / "corrections"
        export_corrections(log, folder, group)
        with zipfile.ZipFile(file, "w") as archive:  # JPEG does not get smaller
            for one in sorted(folder.iterdir()):
                archive.write(one, f"corrections/{one.name}")
    file.seek(0)


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    """Give the content of a file, and close it, also if nobody wants the rest."""
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
