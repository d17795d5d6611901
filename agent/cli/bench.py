"""`digit-agent bench`: measure every artifact on every runtime of this board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.complete import objectives
from agent.cli.options import ConfigFile, option, settings_to_use
from agent.config.options import Config
from profiles.errors import OutputError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from agent.bench import Bench
    from profiles.profile import Profile


def bench(
    *,
    artifacts: Annotated[Path | None, option("artifacts")] = None,
    config: ConfigFile = None,
    objective: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What to optimize: latency, energy, size or accuracy. Default: the board's objective.",
            autocompletion=objectives,
        ),
    ] = None,
    min_accuracy: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0,
            max=1,
            help="Accuracy that a classifier must reach, 0..1, such as 0.99. Default: the board's.",
        ),
    ] = None,
    batch: Annotated[str, typer.Option(metavar="N,N,…", help="Batch sizes to time: digits per call.")] = "1,4,16",
    seconds: Annotated[float, typer.Option(metavar="S", min=0, max=3600, help="Seconds to spend on timing.")] = 5.0,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="Save the result with the board, the kernel, the CPU governor, the temperature and all versions.",
        ),
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Write a plot of size against time.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure time, size, memory and energy of every artifact on every runtime of this board, and name the best one.

    Example: `digit-agent bench --objective size --min-accuracy 0.99 --plot frontier.svg`
    """
    import msgspec
    from rich.console import Console

    from agent.bench import bench as run_bench
    from agent.bench import report
    from agent.views.progress import progress
    from profiles.board import detect_board
    from profiles.foreign_text import to_json

    batches, folder = _batches(batch), settings_to_use(Config(artifacts=artifacts), config).artifacts
    profile = _with_budget(detect_board().profile, objective, min_accuracy)
    with progress(Console(stderr=True), "measuring") as show:
        result = run_bench(folder, profile, batches, seconds, show)
    if save is not None:
        _write(save, msgspec.json.format(msgspec.json.encode(report(result)), indent=2) + b"\n")
    if plot is not None:
        from agent.views.frontier import frontier

        _write(plot, frontier(result).encode())
    if json:
        typer.echo(to_json(report(result)))
    else:
        _print(result, Console())


def _print(result: Bench, console: Console) -> None:
    from agent.views.bench_table import bench_table, energy_line, throttling_line
    from agent.views.foreign import foreign

    for role_bench in result.roles:
        verdict = f"best {role_bench.role}" if role_bench.winner else f"no {role_bench.role} is good enough"
        console.print(foreign(f"{verdict}: {role_bench.reason}", style="bold"), highlight=False)
    console.print()
    for role_bench in result.roles:
        console.print(bench_table(result.title, role_bench))
    for refusal in result.refused:
        console.print(foreign(f"not measured: {refusal}", style="yellow"), highlight=False)
    console.print(foreign(energy_line(result)), highlight=False)
    if warning := throttling_line(result):
        console.print(foreign(warning, style="yellow"), highlight=False)


def _with_budget(profile: Profile, objective: str | None, min_accuracy: float | None) -> Profile:
    """Return the board's profile with the objective and the accuracy that the user asks for."""
    from typing import get_args

    import msgspec

    from profiles.profile import Objective

    if objective is not None and objective not in get_args(Objective):
        choices = ", ".join(get_args(Objective))
        raise UsageError(f"--objective {objective!r} is unknown", advice=f"choose one of {choices}")
    wanted = {"objective": objective, "min_accuracy": min_accuracy}
    changes = {name: value for name, value in wanted.items() if value is not None}
    return msgspec.structs.replace(profile, budget=msgspec.structs.replace(profile.budget, **changes))


def _batches(text: str) -> tuple[int, ...]:
    from agent.runtimes.session import MAX_BATCH

    try:
        batches = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        batches = ()
    if not batches or min(batches) < 1 or max(batches) > MAX_BATCH:
        raise UsageError(f"--batch {text!r} is not a list of numbers from 1 to {MAX_BATCH}", advice="try --batch 1,16")
    return batches


def _write(path: Path, content: bytes) -> None:
    from profiles.atomic_write import write_atomic

    try:
        write_atomic(path, content)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror})", advice="choose another place") from error
