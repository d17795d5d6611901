"""`digit-convert data`: download data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from converters.cli.options import MNIST_FOLDER
from profiles.command_group import CommandGroup

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help="Download the data for training and evaluation.")


@app.callback()
def group() -> None:
    """Download the data for training and evaluation."""


@app.command()
def fetch(
    data: Annotated[
        Path, typer.Option(metavar="DIR", envvar="DIGIT_DATA_DIR", help="Folder to write the files to.")
    ] = MNIST_FOLDER,
) -> None:
    """Download MNIST (11 MB) and verify it. An interrupted download continues where it stopped.

    Example: `digit-convert data fetch --data data/mnist`
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from converters.data.fetch import fetch as fetch_mnist

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    messages = Console(stderr=True)
    with Progress(*columns, console=messages, disable=not messages.is_terminal) as progress:
        task = progress.add_task("verifying existing files", total=None)
        fetch_mnist(
            data, lambda name, have, total: progress.update(task, description=name, completed=have, total=total)
        )
    typer.echo(f"MNIST is in {data}")
