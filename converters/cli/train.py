"""`digit-convert train`: from raw MNIST to a checkpoint, with the time left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from converters.train.fit import Progress


def train(
    data: Annotated[Path, typer.Option(envvar="DIGIT_DATA_DIR", help="A folder with MNIST.")],
    recipe: Annotated[str, typer.Option(help="Which recipe.")] = "base",
    seed: Annotated[int, typer.Option(help="Decides the weights' start and every drawn glyph.")] = 1,
    pictures: Annotated[
        Path | None, typer.Option(help="Real pictures with a truth.json; half of them are learnt from.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the checkpoint goes.", show_default="runs/RECIPE-SEED.pt")
    ] = None,
) -> None:
    """Train a net from nothing; interrupted, the same command goes on after the last whole epoch.

    Example: `digit-convert train --recipe base --seed 1 --data data/mnist`
    """
    from rich import progress as rich_progress
    from rich.console import Console

    from converters.checkpoint import save
    from converters.train import run
    from converters.train.recipe import load_recipe

    loaded = load_recipe(recipe)
    target = out or Path("runs") / f"{recipe}-{seed}.pt"
    state_file = target.with_suffix(".state")
    columns = (*rich_progress.Progress.get_default_columns(), rich_progress.TimeElapsedColumn())
    with rich_progress.Progress(*columns, console=Console(stderr=True)) as bar:
        scenes = bar.add_task("drawing scenes", total=loaded.scenes_drawn)
        epochs = bar.add_task("training", total=loaded.epochs, start=False)

        def report(done: Progress) -> None:
            bar.start_task(epochs)
            bar.update(
                epochs,
                completed=done.epoch,
                description=f"epoch {done.epoch}: loss {done.loss:.3f}, held-out {done.held_out_accuracy:.2%}",
            )

        checkpoint = run.train(
            loaded,
            seed,
            run.Sources(data, pictures),
            state_file=state_file,
            drawn=lambda number: bar.update(scenes, completed=number),
            report=report,
        )
    save(checkpoint, target)
    state_file.unlink(missing_ok=True)
    for kind, accuracy in checkpoint.accuracy.items():
        typer.echo(f"{kind.format} {kind.precision}: {accuracy.value:.2%} on {accuracy.data} ({accuracy.runtime})")
    typer.echo(f"wrote {target}")
