"""`digit-convert train`: train nets, show the progress, and add the runs to the log."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from converters.cli.options import MNIST_FOLDER, MnistFolder

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from converters.recipe import Recipe
    from converters.report.log import ExportRow, LogEntry, StepRow
    from converters.train.dataset import Sources
    from converters.train.learn import Progress
    from converters.train.phase import OnPhase, Phase
    from converters.train.run import TrainingResult
    from profiles.errors import DigitAgentError

NOT_EXPORTED = ("m3", "m5", "m7")
"""Nets that are teachers only: they are too slow for boards, so their exports are not measured."""
LINE_PERIOD_S = 10.0
"""Shortest time between two lines about the same phase, in seconds. Raising it makes a log shorter."""
Callbacks = tuple["OnPhase", Callable[["Progress"], None]]
"""Callbacks that get each phase, and the progress after each epoch."""


def train(  # noqa: PLR0917 - typer needs one parameter per option
    data: MnistFolder = MNIST_FOLDER,
    recipe: Annotated[
        str, typer.Option(metavar="NAME", help="Recipe that ships, or a .toml file of your own.")
    ] = "base",
    seed: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Seed of the initial weights and of every random choice; repeat it for several runs.",
            show_default="1",
        ),
    ] = None,
    pictures: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Real pictures with a truth.json, and isolated digits; may be repeated. A quarter of the pictures and "
            "half of the isolated digits are held out.",
        ),
    ] = None,
    fonts: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Fonts for rendered scenes: folders 'hand' and 'print' of .ttf, .otf, .woff."),
    ] = None,
    handwriting: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Pen strokes: folders 'unipen' and 'pendigits'. A recogniser needs them."),
    ] = None,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Checkpoint of a teacher, if the recipe has distillation; may be repeated.",
            show_default="runs/TEACHER-*.pt, or the one that ships",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Checkpoint to write.", show_default="runs/RECIPE-SEED.pt")
    ] = None,
    log: Annotated[Path, typer.Option(metavar="FILE", help="Log to append to; each run is a line of JSON.")] = Path(
        "runs/log.jsonl"
    ),
) -> None:
    """Train nets. If it is interrupted, the same command continues after the last complete epoch.

    The examples that it prepares are kept beside the checkpoint, in RECIPE-SEED.prepared, until the net is measured; a
    verifier's take about 2.5 GB.

    Example: `digit-convert train --recipe nano --seed 3 --data data/mnist`
    """
    from converters.extra import require_convert_extra
    from converters.recipe import load_recipe
    from profiles.errors import UsageError

    with require_convert_extra():
        from converters.checkpoint import check_writable
        from converters.train.dataset import Sources

    loaded, seeds = load_recipe(recipe), seed or [1]
    if teacher and not loaded.teachers:
        raise UsageError(
            f"recipe {loaded.name} has no teachers", advice="leave out --teacher, or add [distillation] to the recipe"
        )
    if out and len(seeds) > 1:
        raise UsageError("--out names one file, but there are several seeds", advice="leave out --out")
    targets = {one: out or Path("runs") / f"{loaded.name}-{one}.pt" for one in seeds}
    for target in targets.values():
        check_writable(target)
    sources = Sources(data, tuple(pictures or ()), fonts, handwriting)
    # Train and save all nets before measuring any: the converters may be missing or crash.
    prepared = next(iter(targets.values())).with_suffix(".prepared")
    entries = [_save(*one, targets) for one in _train_all(loaded, targets, sources, teacher or (), prepared)]
    failures = [failure for entry in entries if (failure := _finish(entry, targets[entry.seed], data, log))]
    if failures:
        raise failures[0]
    shutil.rmtree(prepared, ignore_errors=True)


def _train_all(
    recipe: Recipe, targets: Mapping[int, Path], sources: Sources, teachers: Sequence[Path], prepared: Path
) -> Iterator[tuple[LogEntry, TrainingResult]]:
    """Train one seed after the other; training data is loaded once."""
    from converters.recipe import ClassifierRecipe, RecogniserRecipe
    from converters.train import run
    from converters.train.prepare import Preparation
    from converters.train.record import log_entry

    training_data = None
    for seed, target in targets.items():
        teachers = teachers or run.find_teachers(recipe, target.parent)
        state = target.with_suffix(".state")
        with _say_how_to_go_on(state, prepared), _show_progress() as (on_phase, on_epoch):
            initial = run.find_initial_checkpoint(recipe, seed, target.parent)
            preparation = Preparation(prepared, on_phase)
            one = run.TrainingRun(seed, sources, state, preparation, on_epoch, initial)
            if isinstance(recipe, ClassifierRecipe):
                training_data = training_data or run.load_training_data(recipe, sources, teachers, preparation)
                result = run.run_classifier_training(training_data, one)
            elif isinstance(recipe, RecogniserRecipe):
                result = run.run_recogniser_training(recipe, one)
            else:
                result = run.run_verifier_training(recipe, one)
        yield log_entry(recipe, sources, result, teachers), result


@contextmanager
def _say_how_to_go_on(state: Path, prepared: Path) -> Iterator[None]:
    """After Ctrl-C, say what the same command will do."""
    try:
        yield
    except KeyboardInterrupt:
        begins = "begins anew: nothing was finished yet"
        if state.exists():
            begins = f"goes on after the last epoch in {state}"
        elif prepared.exists():
            begins = f"goes on with the examples in {prepared}"
        typer.echo(f"interrupted; the same command {begins}", err=True)
        raise


def _save(entry: LogEntry, result: TrainingResult, targets: Mapping[int, Path]) -> LogEntry:
    from converters.checkpoint import save

    save(result.checkpoint, targets[entry.seed])
    return entry


def _finish(entry: LogEntry, target: Path, data: Path, log: Path) -> DigitAgentError | None:
    """Measure a checkpoint's exports and log the run, even if they cannot be measured.

    Returns:
        The error that prevented the measurement; None if there was none.
    """
    import msgspec

    from converters.checkpoint import load, save
    from converters.report.log import append_entry
    from converters.train.record import measure_exports
    from profiles.errors import DigitAgentError

    exports: tuple[ExportRow, ...] = ()
    failure = None
    if entry.net not in NOT_EXPORTED:
        typer.echo(f"wrote {target}; measuring its exports with MNIST's test images", err=True)
        try:
            measured, exports = measure_exports(load(target), data)
            save(measured, target)
        except DigitAgentError as error:
            failure = error
    append_entry(log, msgspec.structs.replace(entry, exports=exports))
    if failure is None:
        target.with_suffix(".state").unlink(missing_ok=True)
        _print_results(entry.steps, exports)
        typer.echo(f"wrote {target}")
    return failure


def _print_results(steps: Sequence[StepRow], exports: Sequence[ExportRow]) -> None:
    for row in steps:
        test = "" if row.test is None else f", test accuracy {row.test:.2%}"
        typer.echo(
            f"{row.do}: held-out accuracy {row.held_out:.2%}{test}; {row.parameters:,} parameters, {row.macs:,} MACs"
        )
    for one in exports:
        values = f"{one.bytes:,} bytes, accuracy {one.accuracy:.2%} ({one.runtime}), {one.us_a_digit:.1f} µs per digit"
        typer.echo(f"{one.format} {one.precision}: {values}")


@contextmanager
def _show_progress() -> Iterator[Callbacks]:
    """Yield callbacks that print to stderr: on a terminal a bar for each phase, and a line for each epoch."""
    from rich import progress as rich_progress
    from rich.console import Console

    messages = Console(stderr=True)
    if not messages.is_terminal:
        typer.echo("preparing the training data", err=True)
        yield _phase_lines(), lambda progress: typer.echo(_line(progress), err=True)
        return
    columns = (
        *rich_progress.Progress.get_default_columns(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeElapsedColumn(),
    )
    with rich_progress.Progress(*columns, console=messages) as bars:
        first = bars.add_task("preparing the training data", total=None)
        yield _phase_bars(bars, first), lambda progress: bars.console.print(_line(progress), highlight=False)


def _phase_bars(bars: Bars, first: TaskID) -> OnPhase:
    """Return a callback that draws a bar for each phase; the first one takes the place of the bar without a total."""
    drawn: dict[str, TaskID] = {}

    def on_phase(phase: Phase) -> None:
        if not drawn:
            bars.remove_task(first)
        if phase.name not in drawn:
            drawn[phase.name] = bars.add_task(phase.name, total=phase.total)
        bars.update(drawn[phase.name], completed=phase.done)

    return on_phase


def _phase_lines() -> OnPhase:
    """Return a callback that prints a line when a phase begins, then one every LINE_PERIOD_S."""
    shown_s: dict[str, float] = {}

    def on_phase(phase: Phase) -> None:
        now_s = time.monotonic()
        if now_s - shown_s.get(phase.name, -LINE_PERIOD_S) >= LINE_PERIOD_S:
            shown_s[phase.name] = now_s
            typer.echo(f"{phase.name}: {phase.done:,} of {phase.total:,}", err=True)

    return on_phase


def _line(progress: Progress) -> str:
    step = f"{progress.step}, " if progress.step else ""
    accuracy = f"held-out accuracy {progress.held_out_accuracy:.2%}"
    return f"{step}epoch {progress.epoch}/{progress.epochs}: loss {progress.loss:.3f}, {accuracy}"
