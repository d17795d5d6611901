"""`digit-convert train`: from raw MNIST to a checkpoint, with the time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from converters.data.mnist import DEFAULT_FOLDER

if TYPE_CHECKING:
    from converters.recipe import Schedule
    from converters.train.fit import Progress


def train(  # noqa: PLR0917 - typer names them
    data: Annotated[
        Path, typer.Option(metavar="DIR", envvar="DIGIT_DATA_DIR", help="A folder with MNIST.")
    ] = DEFAULT_FOLDER,
    recipe: Annotated[
        str, typer.Option(metavar="NAME", help="A recipe that ships, or a .toml file of your own.")
    ] = "base",
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Decides the weights' start and every drawn glyph.")
    ] = 1,
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Real pictures with a truth.json; a quarter is kept out.")
    ] = None,
    fonts: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Fonts to draw scenes with: folders 'hand' and 'print' of .ttf, .otf, .woff."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the checkpoint goes.", show_default="runs/RECIPE-SEED.pt")
    ] = None,
) -> None:
    """Train a net from nothing; interrupted, the same command goes on after the last whole epoch.

    Example: `digit-convert train --recipe base --seed 1 --data data/mnist`
    """
    from converters.checkpoint import check_place, save
    from converters.convert import certify
    from converters.recipe import load_recipe
    from converters.train import run

    loaded = load_recipe(recipe)
    target = out or Path("runs") / f"{loaded.name}-{seed}.pt"
    check_place(target)
    state_file = target.with_suffix(".state")
    with _told(loaded) as (drawn, report):
        sources = run.Sources(data, pictures, fonts)
        checkpoint = run.train(loaded, run.Run(seed, sources, state_file, drawn, report))
    # Saved at once: measuring takes converters, which may be missing or die, and the weights took hours.
    save(checkpoint, target)
    typer.echo(f"wrote {target}; measuring its exports with MNIST's test images", err=True)
    certified = certify(checkpoint, data)
    save(certified, target)
    state_file.unlink(missing_ok=True)
    for kind, accuracy in certified.accuracy.items():
        typer.echo(f"{kind.format} {kind.precision}: {accuracy.value:.2%} on {accuracy.data} ({accuracy.runtime})")
    typer.echo(f"wrote {target}")


@contextmanager
def _told(recipe: Schedule) -> Iterator[tuple[Callable[[int], None], Callable[[Progress], None]]]:
    """Who hears of scenes drawn and epochs done: on a terminal a bar, elsewhere a line an epoch; both on stderr."""
    from rich import progress as rich_progress
    from rich.console import Console

    messages = Console(stderr=True)
    if not messages.is_terminal:
        yield lambda _: None, lambda done: typer.echo(_line(done), err=True)
        return
    columns = (*rich_progress.Progress.get_default_columns(), rich_progress.TimeElapsedColumn())
    with rich_progress.Progress(*columns, console=messages) as bar:
        scenes = bar.add_task("drawing scenes", total=recipe.scenes_drawn)
        epochs = bar.add_task("training", total=recipe.epochs, start=False)

        def report(done: Progress) -> None:
            bar.start_task(epochs)
            bar.update(epochs, completed=done.epoch, description=_line(done))

        yield lambda number: bar.update(scenes, completed=number), report


def _line(done: Progress) -> str:
    return f"epoch {done.epoch}/{done.epochs}: loss {done.loss:.3f}, held-out {done.held_out_accuracy:.2%}"
