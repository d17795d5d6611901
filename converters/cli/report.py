"""`digit-convert report`: an HTML page and tables about nets that ship, nets to compare with, and training runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from converters.cli.options import MNIST_FOLDER, MnistFolder
from converters.report.log import PROJECT_LOG


def report(  # noqa: PLR0917 - typer needs one parameter per option
    data: MnistFolder = MNIST_FOLDER,
    artifacts: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder written by digit-convert.", show_default="artifacts that ship"),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Trained net to compare with; may be repeated.")
    ] = None,
    log: Annotated[
        Path, typer.Option(metavar="FILE", help="Log of training runs.", show_default="the project's log")
    ] = PROJECT_LOG,
    pictures: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Real pictures with a truth.json, to read whole numbers on those that no training used; may be "
            "repeated.",
        ),
    ] = None,
    images: Annotated[int, typer.Option(metavar="N", min=1, help="Number of test images that are corrupted.")] = 10_000,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for index.html and tables.md.")] = Path("report"),
) -> None:
    """Write a report about the accuracy of nets: an HTML page, and its tables as Markdown.

    Example: `digit-convert report --data data/mnist --checkpoint runs/plain-1.pt`
    """
    from rich.console import Console

    from agent.paths import default_artifacts
    from agent.reader import Reader
    from converters.report.page import page
    from converters.report.paper import read_paper
    from converters.report.results import collect_report_data, load_shipped_nets, load_trained_net
    from converters.report.tables import all_tables, markdown
    from profiles.atomic_write import write_atomic
    from profiles.errors import OutputError

    nets = [*load_shipped_nets(artifacts or default_artifacts()), *map(load_trained_net, checkpoint or ())]
    with Console(stderr=True).status("") as status:

        def show(what: str) -> None:
            status.update(f"measuring {what}")

        result = collect_report_data(nets, data, log, images, show)
        if pictures:
            result = replace(result, paper=read_paper(Reader(artifacts).read, pictures, show))
    files = {
        out / "index.html": page(result),
        out / "tables.md": "\n".join(markdown(table) for table in all_tables(result)),
    }
    for path, content in files.items():
        try:
            write_atomic(path, content.encode())
        except OSError as error:
            raise OutputError(f"{path} cannot be written ({error.strerror})", advice="choose another --out") from error
        typer.echo(f"wrote {path}")
