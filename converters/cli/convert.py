"""`digit-convert --target BOARD`: a progress bar, then what was written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from converters.checkpoint import SHIPPED
from converters.convert import convert, kinds_for
from profiles.manifest import Artifact, Manifest
from profiles.profile import resolve_target

if TYPE_CHECKING:
    from converters.export.make import Made


def run(target: str, out: Path, data: Path | None, checkpoints: Sequence[Path]) -> None:
    """Convert these checkpoints, or else those that ship, for a target and print what came of it."""
    profiles, nets = resolve_target(target), checkpoints or SHIPPED
    messages = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=messages,
        transient=True,
        disable=not messages.is_terminal,
    ) as progress:
        task = progress.add_task("loading the converters", total=len(nets) * len(kinds_for(profiles)))

        def done(made: Made) -> None:
            progress.update(task, advance=1, description=f"made {made.artifact.file}")

        manifests = convert(nets, profiles, out, data, done)
    console = Console()
    console.print(table_of(manifests))
    written = f"In {out}: {', '.join(manifest.target for manifest in manifests)}"
    console.print(written, markup=False, highlight=False, soft_wrap=True)


def table_of(manifests: Sequence[Manifest]) -> Table:
    """Each file once, with what it promises and which boards carry it."""
    table = Table("file", "bytes", "accuracy", "measured with", "carried by")
    for column in table.columns[1:3]:
        column.justify = "right"
    table.columns[0].no_wrap = True
    table.columns[-1].overflow = "fold"
    files = {artifact.file: artifact for manifest in manifests for artifact in manifest.artifacts}
    for name in sorted(files):
        boards = [one.target for one in manifests if name in {artifact.file for artifact in one.artifacts}]
        carried = "all of them" if len(boards) == len(manifests) > 1 else ", ".join(boards)
        table.add_row(name, f"{files[name].bytes:,}", *accuracy_of(files[name]), carried)
    measured = {one.accuracy for one in files.values() if one.accuracy}
    table.caption = "; ".join(sorted({f"accuracy on {one.data}, {one.images:,} images" for one in measured}))
    return table


def accuracy_of(artifact: Artifact) -> tuple[str, str]:
    """The accuracy, and what measured it."""
    measured = artifact.accuracy
    if measured is None:
        return "–", "nothing; give --data"
    other = "" if measured.sha256 == artifact.sha256 else " (another export of these weights)"
    return f"{measured.value:.2%}", measured.runtime + other
