"""Write the corrected readings of a log as labelled pictures.

A correction says what stands there, not where each digit is. So the pictures have no boxes of single digits:
`digit-convert adapt` finds the digits itself, and `digit-convert train --pictures` leaves these pictures out.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.telemetry.report import open_log
from profiles.errors import DigitAgentError, OutputError

TRUTH, ABOUT = "truth.json", "export.json"
"""Names of the files with the truth of each picture, and about the export."""
FORMAT = 1
"""Version of the format. It is raised when a key changes its meaning."""
KIND = "correction"
SELECT = """SELECT readings.id, jpeg, pictures.x, pictures.y, pictures.w, pictures.h, readings.text, sure_permille,
    verdict, corrections.text
    FROM corrections JOIN readings ON readings.id = corrections.reading LEFT JOIN pictures USING (reading)
    WHERE verdict <> 'cannot_tell' ORDER BY readings.id"""
SIZE = """SELECT count(*), coalesce(sum(bytes), 0) FROM corrections JOIN pictures USING (reading)
    WHERE verdict <> 'cannot_tell'"""


class CorrectedPicture(msgspec.Struct, frozen=True):
    """What a picture of an export shows."""

    kind: str
    lines: list[str]
    """The digits that stand there, as one string; none if it is not a number."""
    text: str
    """The number as it is written; empty if it is not a number."""
    box: tuple[int, int, int, int]
    """Box of the reading: x, y, width and height in pixels of the picture."""
    read: str
    """What the agent read."""
    confidence: float
    """The agent's confidence in it, 0..1."""
    group: str
    """Name of the writer or the place; empty if it was not given."""


class AboutExport(msgspec.Struct, frozen=True):
    """How an export was made."""

    format: int
    pictures: int
    without_picture: int
    """Corrections whose cut-out was never kept, or was deleted to free space."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    pictures: int
    wrong: int
    """Those in which the agent had read something else."""
    without_picture: int


def export_corrections(log: Path, folder: Path, group: str = "") -> Exported:
    """Write each corrected or confirmed reading with its cut-out into a new folder.

    The folder has JPEG files, and a `truth.json` with a `CorrectedPicture` for each. It appears under its name only
    when it is complete.

    Args:
        log: the log.
        folder: a folder that does not exist, or is empty.
        group: name of the writer or the place.

    Raises:
        SourceError: the log cannot be read.
        OutputError: there is no correction with a cut-out, or the folder has files or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} is not empty", advice="name a new folder")
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        exported = _write(log, unfinished, group)
        unfinished.replace(folder)
    except DigitAgentError:
        raise
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror})", advice="free space, or name another folder"
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return exported


def size_of_export(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many pictures an export of a log has now, and their bytes."""
    pictures, size_bytes = connection.execute(SIZE).fetchone()
    return int(pictures), int(size_bytes)


def _write(log: Path, folder: Path, group: str) -> Exported:
    truths, without_picture = dict[str, CorrectedPicture](), 0
    for name, jpeg, truth in corrected_readings(log, group):
        if jpeg is None:
            without_picture += 1
            continue
        (folder / name).write_bytes(jpeg)
        truths[name] = truth
    if not truths:
        raise OutputError(
            f"{log} has no corrected reading with a picture", advice="correct readings on the web page first"
        )
    about = AboutExport(FORMAT, len(truths), without_picture)
    (folder / ABOUT).write_bytes(msgspec.json.format(msgspec.json.encode(about)))
    (folder / TRUTH).write_bytes(msgspec.json.format(msgspec.json.encode(truths)))
    return Exported(len(truths), sum(truth.read != truth.text for truth in truths.values()), without_picture)


def corrected_readings(log: Path, group: str = "") -> Iterator[tuple[str, bytes | None, CorrectedPicture]]:
    """Yield the file name, the cut-out as JPEG (None without one), and the truth of each corrected reading.

    Raises:
        SourceError: the log cannot be read.
    """
    with open_log(log) as connection:
        for number, jpeg, x, y, w, h, read, sure_permille, verdict, said in connection.execute(SELECT):
            text = said if verdict == "number" else ""
            digits = "".join(character for character in text if character.isdigit())
            box = (x or 0, y or 0, w or 0, h or 0)
            truth = CorrectedPicture(
                KIND, [digits] if digits else [], text, box, read, (sure_permille or 0) / 1000, group
            )
            yield f"reading-{number:08d}.jpg", jpeg, truth
