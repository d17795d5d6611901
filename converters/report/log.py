"""The log of training runs: one line of JSON a run, only ever appended to."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from profiles.errors import ArtifactError, OutputError, UsageError
from profiles.manifest import Format, Precision

SHIPPED = Path(__file__).with_name("log.jsonl")
"""The project's own runs."""


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one step of a run came to."""

    do: str
    """fit, prune, sparsify, cluster, round (int8 without learning) or quantize (int8, learnt); before all of them
    "teachers", those that the net learns from, judged together, and "start", the net that is taken further."""
    epochs: int
    minutes: float
    held_out: float
    """Share of held-out training digits, or of a verifier's candidates, that are read right; it decides choices."""
    test: float | None
    """The same of MNIST's test images; nothing is chosen by it."""
    parameters: int
    macs: int


class ExportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One file that a run's checkpoint became."""

    format: Format
    precision: Precision
    bytes: int
    accuracy: float
    runtime: str
    us_a_digit: float
    """Median time in that runtime on the machine that trained, 16 digits at once, one thread."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    when: str
    """ISO 8601, UTC."""
    recipe: str
    net: str
    seed: int
    data: str
    """What it learnt from."""
    teachers: tuple[str, ...] = ()
    device: str
    versions: dict[str, str]
    minutes: float
    """Of learning."""
    weights: str
    """SHA-256 of the checkpoint's weights."""
    steps: tuple[StepRow, ...]
    exports: tuple[ExportRow, ...] = ()
    """Empty where the exports could not be measured."""


def append(path: Path, entry: Entry) -> None:
    """Add a run to a log, which is made if need be.

    Raises:
        OutputError: it cannot be written.
    """
    line = msgspec.json.encode(entry) + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}); free space or name another --log") from error


def read(path: Path) -> tuple[Entry, ...]:
    """All runs of a log; of a recipe and seed that ran more than once, the last run.

    Raises:
        UsageError: there is no such log.
        ArtifactError: a line of it is damaged.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"log {path} cannot be read ({error.strerror}); train something, or name another") from error
    runs: dict[tuple[str, int], Entry] = {}
    for number, line in enumerate(lines, start=1):
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except msgspec.MsgspecError as error:
            raise ArtifactError(f"line {number} of {path} is damaged ({error}); remove it") from error
        runs[entry.recipe, entry.seed] = entry
    return tuple(runs.values())
