"""`digit-convert train`: from raw MNIST to a checkpoint, with the time left, and a line in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from converters.data.mnist import DEFAULT_FOLDER

if TYPE_CHECKING:
    from converters.recipe import Recipe
    from converters.report.log import Entry, ExportRow, StepRow
    from converters.train.dataset import Sources
    from converters.train.progress import Progress
    from converters.train.run import Trained
    from profiles.errors import DigitAgentError

NOT_EXPORTED = ("m3", "m5", "m7")
"""Nets of interest on the desktop alone."""
Told = tuple[Callable[[int], None], Callable[["Progress"], None]]
"""Who hears of scenes drawn, and of epochs done."""


def train(  # noqa: PLR0917 - typer names them
    data: Annotated[
        Path, typer.Option(metavar="DIR", envvar="DIGIT_DATA_DIR", help="A folder with MNIST.")
    ] = DEFAULT_FOLDER,
    recipe: Annotated[
        str, typer.Option(metavar="NAME", help="A recipe that ships, or a .toml file of your own.")
    ] = "base",
    seed: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N", min=0, help="Decides the weights' start and every choice; once for each run.", show_default="1"
        ),
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Real pictures with a truth.json, a quarter of which is kept out; and isolated digits, half of them.",
        ),
    ] = None,
    fonts: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Fonts to draw scenes with: folders 'hand' and 'print' of .ttf, .otf, .woff."),
    ] = None,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A checkpoint to learn from, where the recipe does; once for each.",
            show_default="runs/TEACHER-*.pt, or the one that ships",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the checkpoint goes.", show_default="runs/RECIPE-SEED.pt")
    ] = None,
    log: Annotated[Path, typer.Option(metavar="FILE", help="Gets a line of JSON a run.")] = Path("runs/log.jsonl"),
) -> None:
    """Train nets from nothing; interrupted, the same command goes on after the last whole epoch.

    Example: `digit-convert train --recipe nano --seed 3 --data data/mnist`
    """
    from converters.extra import asking_for_extra
    from converters.recipe import load_recipe
    from profiles.errors import UsageError

    with asking_for_extra():
        from converters.checkpoint import check_place
        from converters.train.dataset import Sources

    loaded, seeds = load_recipe(recipe), seed or [1]
    if teacher and not loaded.teachers:
        raise UsageError(f"recipe {loaded.name} learns from no teacher; leave --teacher out, or give it a [distil]")
    if out and len(seeds) > 1:
        raise UsageError("--out names one file, and there are several seeds; leave it out")
    targets = {one: out or Path("runs") / f"{loaded.name}-{one}.pt" for one in seeds}
    for target in targets.values():
        check_place(target)
    sources = Sources(data, pictures, fonts)
    # All are trained and saved before any is measured: that takes converters, which may be missing or die.
    done = [_saved(*one, targets) for one in _train_all(loaded, targets, sources, teacher or ())]
    failures = [failure for entry in done if (failure := _finish(entry, targets[entry.seed], data, log))]
    if failures:
        raise failures[0]


def _train_all(
    recipe: Recipe, targets: Mapping[int, Path], sources: Sources, teachers: Sequence[Path]
) -> Iterator[tuple[Entry, Trained]]:
    """Train one seed after the other; what they learn with is made once."""
    from converters.recipe import StepsRecipe
    from converters.train import run
    from converters.train.record import record

    material = None
    for seed, target in targets.items():
        teachers = teachers or run.find_teachers(recipe, target.parent)
        with _told(recipe) as (drawn, report):
            start = run.find_start(recipe, seed, target.parent)
            this = run.Run(seed, sources, target.with_suffix(".state"), drawn, report, start)
            if isinstance(recipe, StepsRecipe):
                material = material or run.ask_for_material(recipe, sources, teachers, drawn)
                trained = run.train_in_steps(material, this)
            else:
                trained = run.train_verifier(recipe, this)
        yield record(recipe, sources, trained, teachers), trained


def _saved(entry: Entry, trained: Trained, targets: Mapping[int, Path]) -> Entry:
    from converters.checkpoint import save

    save(trained.checkpoint, targets[entry.seed])
    return entry


def _finish(entry: Entry, target: Path, data: Path, log: Path) -> DigitAgentError | None:
    """Measure a checkpoint's exports and log the run, measured or not; what went wrong."""
    import msgspec

    from converters.checkpoint import load, save
    from converters.report.log import append
    from converters.train.record import measure_exports
    from profiles.errors import DigitAgentError

    exports: tuple[ExportRow, ...] = ()
    failure = None
    if entry.net not in NOT_EXPORTED:
        typer.echo(f"wrote {target}; measuring its exports with MNIST's test images", err=True)
        try:
            certified, exports = measure_exports(load(target), data)
            save(certified, target)
        except DigitAgentError as error:
            failure = error
    append(log, msgspec.structs.replace(entry, exports=exports))
    if failure is None:
        target.with_suffix(".state").unlink(missing_ok=True)
        _tell(entry.steps, exports)
        typer.echo(f"wrote {target}")
    return failure


def _tell(steps: Sequence[StepRow], exports: Sequence[ExportRow]) -> None:
    for row in steps:
        test = "" if row.test is None else f", test {row.test:.2%}"
        typer.echo(f"{row.do}: held-out {row.held_out:.2%}{test}; {row.parameters:,} parameters, {row.macs:,} MACs")
    for one in exports:
        reached = f"{one.bytes:,} bytes, {one.accuracy:.2%} ({one.runtime}), {one.us_a_digit:.1f} µs a digit"
        typer.echo(f"{one.format} {one.precision}: {reached}")


@contextmanager
def _told(recipe: Recipe) -> Iterator[Told]:
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
    step = f"{done.step}, " if done.step else ""
    return f"{step}epoch {done.epoch}/{done.epochs}: loss {done.loss:.3f}, held-out {done.held_out_accuracy:.2%}"
