"""`digit-convert --target BOARD`: convert checkpoints with a progress bar, then list the files."""

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
    from converters.export.make import ExportedArtifact


def run(target: str, out: Path, data: Path | None, checkpoints: Sequence[Path]) -> None:
    """Convert checkpoints for a target and print the results. The default is the checkpoints that ship."""
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

        def on_made(made: ExportedArtifact) -> None:
            progress.update(task, advance=1, description=f"made {made.artifact.file}")

        manifests = convert(nets, profiles, out, data, on_made)
    console = Console()
    console.print(artifact_table(manifests))
    summary = f"In {out}: {', '.join(manifest.target for manifest in manifests)}"
    console.print(summary, markup=False, highlight=False, soft_wrap=True)


def artifact_table(manifests: Sequence[Manifest]) -> Table:
    """List each file once, with its accuracy and the boards that use it."""
    table = Table("file", "bytes", "accuracy", "measured with", "used by")
    for column in table.columns[1:3]:
        column.justify = "right"
    table.columns[0].no_wrap = True
    table.columns[-1].overflow = "fold"
    files = {artifact.file: artifact for manifest in manifests for artifact in manifest.artifacts}
    for name in sorted(files):
        boards = [one.target for one in manifests if name in {artifact.file for artifact in one.artifacts}]
        used_by = "all of them" if len(boards) == len(manifests) > 1 else ", ".join(boards)
        table.add_row(name, f"{files[name].bytes:,}", *accuracy_cells(files[name]), used_by)
    measured = {one.accuracy for one in files.values() if one.accuracy}
    table.caption = "; ".join(sorted({f"accuracy on {one.data}, {one.images:,} images" for one in measured}))
    return table


def accuracy_cells(artifact: Artifact) -> tuple[str, str]:
    """Return the accuracy and the runtime that measured it, as text."""
    measured = artifact.accuracy
    if measured is None:
        return "–", "not measured; use --data"
    other = "" if measured.sha256 == artifact.sha256 else " (another export of these weights)"
    return f"{measured.value:.2%}", measured.runtime + other
