"""`digit-convert evaluate`: how well artifacts read digits that nobody learnt from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from converters.data.mnist import DEFAULT_FOLDER

if TYPE_CHECKING:
    from rich.table import Table

    from converters.evaluate import Evaluation, Verdict


def evaluate(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A model file beside its manifest, or a folder of them.")
    ],
    data: Annotated[
        Path, typer.Option(metavar="DIR", envvar="DIGIT_DATA_DIR", help="A folder with MNIST.")
    ] = DEFAULT_FOLDER,
    runtime: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="onnxruntime, ai-edge-litert or tflite-runtime.", show_default="the installed one"
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Judge artifacts on MNIST's test images, verifiers on scenes of them, in the runtime that the board will use.

    Example: `digit-convert evaluate artifacts/pi5 --data data/mnist`
    """
    from converters.evaluate import evaluate as evaluate_path

    evaluations = evaluate_path(path, data, runtime)
    if json:
        import msgspec

        typer.echo(msgspec.json.encode({"artifacts": [as_plain(one) for one in evaluations]}).decode())
        return
    from rich.console import Console

    console = Console()
    console.print(summary(evaluations))
    if len(evaluations) == 1:
        console.print(digits(evaluations[0].verdict))
        console.print(confusion(evaluations[0].verdict))


def as_plain(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation as plain types, for JSON."""
    artifact = evaluation.artifact
    return {
        "file": artifact.file,
        "role": artifact.role,
        "format": artifact.format,
        "precision": artifact.precision,
        "bytes": artifact.bytes,
        "data": evaluation.data,
        "runtime": evaluation.runtime,
        "runtime_version": evaluation.runtime_version,
        **asdict(evaluation.verdict),
    }


def summary(evaluations: tuple[Evaluation, ...]) -> Table:
    """One row an artifact."""
    from rich.table import Table

    table = Table("file", "bytes", "runtime", "accuracy", "promised", "calibration error")
    for column in table.columns[1:]:
        column.justify = "right"
    for one in evaluations:
        promise = one.artifact.accuracy
        table.add_row(
            one.artifact.file,
            f"{one.artifact.bytes:,}",
            f"{one.runtime} {one.runtime_version}",
            f"{one.verdict.accuracy:.2%}",
            f"{promise.value:.2%}" if promise else "–",
            "–" if one.verdict.calibration_error is None else f"{one.verdict.calibration_error:.2%}",
        )
    judged = {f"{one.artifact.role}: {one.data}, {one.verdict.images:,} images" for one in evaluations}
    table.caption = "; ".join(sorted(judged))
    return table


def digits(verdict: Verdict) -> Table:
    """One row a digit."""
    from rich.table import Table

    table = Table("digit", "images", "precision", "recall", "F1", title="Each digit")
    for column in table.columns:
        column.justify = "right"
    for one in verdict.digits:
        table.add_row(str(one.digit), f"{one.images:,}", f"{one.precision:.2%}", f"{one.recall:.2%}", f"{one.f1:.2%}")
    return table


def confusion(verdict: Verdict) -> Table:
    """What is true in rows, what was read in columns; right ones bold, none as a dot."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        "true", *(str(digit) for digit in range(10)), "rejected", title="What was read", box=SIMPLE_HEAD, padding=0
    )
    for column in table.columns:
        column.justify = "right"
    for name, row in zip((*map(str, range(10)), "none"), enumerate(verdict.confusion), strict=True):
        label, counts = row
        cells = [str(count) if count else "·" for count in counts]
        cells[label] = f"[bold]{cells[label]}[/]"
        if name != "none" or any(counts):
            table.add_row(name, *cells)
    return table
