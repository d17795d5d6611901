"""`digit-convert evaluate`: accuracy of artifacts on test images."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from converters.cli.options import MNIST_FOLDER, MnistFolder

if TYPE_CHECKING:
    from rich.table import Table

    from converters.evaluate import Evaluation, Metrics
    from profiles.manifest import Accuracy


def evaluate(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Model file beside its manifest, or a folder of them.")],
    data: MnistFolder = MNIST_FOLDER,
    runtime: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="onnxruntime, ai-edge-litert or tflite-runtime.", show_default="the installed one"
        ),
    ] = None,
    renew: Annotated[
        bool,
        typer.Option("--renew", help="Write the measured accuracies into the manifest."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Evaluate artifacts in the runtime that the board uses.

    Classifiers are evaluated on MNIST's test images, verifiers on the candidates of scenes rendered from them, and
    recognisers on strips of them. The code of today finds the candidates, so after a change of the segmentation a
    verifier has another accuracy, on another number of images. `--renew` writes the new one into the manifest.

    Example: `digit-convert evaluate artifacts/pi5 --data data/mnist`
    """
    from converters.evaluate import evaluate as evaluate_path
    from converters.evaluate import renew_accuracies

    evaluations = evaluate_path(path, data, runtime)
    if renew:
        renew_accuracies(path, evaluations)
    if json:
        import msgspec

        typer.echo(msgspec.json.encode({"artifacts": [as_plain(one) for one in evaluations]}).decode())
        return
    from rich.console import Console

    console = Console()
    console.print(summary_table(evaluations))
    if len(evaluations) == 1 and evaluations[0].metrics.digits:
        console.print(digit_table(evaluations[0].metrics))
        console.print(confusion_table(evaluations[0].metrics))


def as_plain(evaluation: Evaluation) -> dict[str, Any]:
    """Convert an evaluation into plain types, for JSON."""
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
        **asdict(evaluation.metrics),
    }


def summary_table(evaluations: tuple[Evaluation, ...]) -> Table:
    """Make a table with one row for each artifact."""
    from rich.table import Table

    table = Table("file", "bytes", "runtime", "accuracy", "in manifest", "calibration error")
    table.columns[0].no_wrap = True  # only the end of a name distinguishes ONNX from TFLite
    for column in table.columns[1:]:
        column.justify = "right"
    for one in evaluations:
        stated = one.artifact.accuracy
        error = one.metrics.calibration_error
        table.add_row(
            one.artifact.file,
            f"{one.artifact.bytes:,}",
            f"{one.runtime} {one.runtime_version}",
            f"{one.metrics.accuracy:.2%}",
            _stated(stated, one.metrics.images) if stated else "–",
            "–" if error is None else f"{error:.2%}",
        )
    data_sets = {f"{one.artifact.role}: {one.data}, {one.metrics.images:,} images" for one in evaluations}
    table.caption = "; ".join(sorted(data_sets))
    return table


def _stated(stated: Accuracy, images: int) -> str:
    """Format an accuracy of the manifest, with its number of images if another number was measured now."""
    return f"{stated.value:.2%}" + (f" of {stated.images:,}" if stated.images != images else "")


def digit_table(metrics: Metrics) -> Table:
    """Make a table with one row for each digit."""
    from rich.table import Table

    table = Table("digit", "images", "precision", "recall", "F1", title="Each digit")
    for column in table.columns:
        column.justify = "right"
    for one in metrics.digits:
        table.add_row(str(one.digit), f"{one.images:,}", f"{one.precision:.2%}", f"{one.recall:.2%}", f"{one.f1:.2%}")
    return table


def confusion_table(metrics: Metrics) -> Table:
    """Make a table of the confusion matrix: true classes in rows, predicted ones in columns, correct ones bold."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        "true", *(str(digit) for digit in range(10)), "rejected", title="Predicted", box=SIMPLE_HEAD, padding=0
    )
    for column in table.columns:
        column.justify = "right"
    for name, row in zip((*map(str, range(10)), "none"), enumerate(metrics.confusion), strict=True):
        label, counts = row
        cells = [str(count) if count else "·" for count in counts]
        cells[label] = f"[bold]{cells[label]}[/]"
        if name != "none" or any(counts):
            table.add_row(name, *cells)
    return table
