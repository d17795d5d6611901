"""Combine the commands of `digit-convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from converters.cli.adapt import adapt
from converters.cli.data import app as data_app
from converters.cli.evaluate import evaluate
from converters.cli.report import report
from converters.cli.targets import targets
from converters.cli.train import train
from profiles.command_group import CommandGroup
from profiles.errors import UsageError
from profiles.terminal import show_version

app = typer.Typer(
    name="digit-convert",
    cls=CommandGroup,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(adapt)
app.command()(evaluate)
app.command()(report)
app.command()(targets)
app.command()(train)
app.add_typer(data_app, name="data")


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    target: Annotated[
        str | None,
        typer.Option(metavar="TARGET", help="Board (pi5), family (pi, jetson, generic) or all; see `targets`."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Parent of the boards' folders.")] = Path("artifacts"),
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", envvar="DIGIT_DATA_DIR", help="Folder with MNIST, to measure the accuracies again."
        ),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Trained net; may be repeated.", show_default="those that ship"),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Convert trained nets into small model files for each board, with their measured accuracies.

    Example: `digit-convert --target jetson --out artifacts`
    """
    if context.invoked_subcommand is not None:
        if target is not None:
            raise UsageError(
                f"--target cannot be used with the command '{context.invoked_subcommand}'", advice="use one of them"
            )
    elif target is None:
        typer.echo(context.get_help())
    else:
        from converters.cli.convert import run

        run(target, out, data, checkpoint or ())
