"""Log of training runs: one line of JSON for each run. Lines are only appended."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from profiles.errors import ArtifactError, OutputError, UsageError
from profiles.manifest import Format, Precision

PROJECT_LOG = Path(__file__).with_name("log.jsonl")
"""Log of the project's own runs."""


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one step of a run."""

    do: str
    """Name of the step: fit, prune, sparsify, cluster, round (int8 without training) or quantize (int8 with training).

    Two rows may stand before the steps: "teachers", the accuracy of all teachers together, and "start", the accuracy of
    the trained net that the run starts from.
    """
    epochs: int
    minutes: float
    held_out: float
    """Accuracy on held-out training digits, a verifier's held-out candidates, or a recogniser's held-out strips.

    Models are selected by it.
    """
    test: float | None
    """Accuracy on MNIST's test images; None for a verifier or a recogniser. Nothing is selected by it."""
    parameters: int
    macs: int


class ExportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One file exported from a run's checkpoint."""

    format: Format
    precision: Precision
    bytes: int
    accuracy: float
    runtime: str
    us_a_digit: float
    """Median time for a digit or strip, in microseconds: batches of 16, one thread, on the machine of the training."""


class LogEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One training run."""

    when: str
    """End of the run, ISO 8601, UTC."""
    recipe: str
    commit: str = ""
    """Commit that contains the recipe of the run; only for recipes that the project no longer has."""
    net: str
    seed: int
    data: str
    """Description of the training data."""
    teachers: tuple[str, ...] = ()
    device: str
    versions: dict[str, str]
    minutes: float
    """Time spent training."""
    weights: str
    """SHA-256 of the checkpoint's weights."""
    steps: tuple[StepRow, ...]
    exports: tuple[ExportRow, ...] = ()
    """The exported files; empty if they could not be measured."""


def append_entry(path: Path, entry: LogEntry) -> None:
    """Append a run to a log; the file is created if needed.

    Raises:
        OutputError: the log cannot be written.
    """
    line = msgspec.json.encode(entry) + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror})", advice="free space or name another --log"
        ) from error


def read_log(path: Path) -> tuple[LogEntry, ...]:
    """Return the runs of a log; if a recipe ran twice with the same seed, only the later run.

    Raises:
        UsageError: the log cannot be read.
        ArtifactError: a line of the log is damaged.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(
            f"log {path} cannot be read ({error.strerror})", advice="train a net first, or name another --log"
        ) from error
    runs: dict[tuple[str, int], LogEntry] = {}
    for number, line in enumerate(lines, start=1):
        try:
            entry = msgspec.json.decode(line, type=LogEntry)
        except msgspec.MsgspecError as error:
            raise ArtifactError(f"line {number} of {path} is damaged ({error})", advice="remove the line") from error
        runs[entry.recipe, entry.seed] = entry
    return tuple(runs.values())
