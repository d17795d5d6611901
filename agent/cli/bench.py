"""`digit-agent bench`: what every artifact costs on every runtime here, and which one wins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import ConfigFile, artifacts_to_use, option
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
            metavar="WHAT", help="What shall be best: latency, energy, size or accuracy. Default: the board's."
        ),
    ] = None,
    min_accuracy: Annotated[
        float | None,
        typer.Option(metavar="SHARE", min=0, max=1, help="What a classifier must get right, such as 0.99."),
    ] = None,
    batch: Annotated[str, typer.Option(metavar="N,N,…", help="Digits in one call.")] = "1,4,16",
    seconds: Annotated[float, typer.Option(metavar="S", min=0, max=3600, help="Time to spend on timing.")] = 5.0,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Keep it, with board, kernel, governor, heat and versions.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw size against time.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Measure every artifact on every runtime of this board, and say which one wins and why.

    Example: `digit-agent bench --objective size --min-accuracy 0.99 --plot frontier.svg`
    """
    import msgspec
    from rich.console import Console

    from agent.bench import bench as run_bench
    from agent.bench import report
    from profiles.board import detect_board

    batches, folder = _batches(batch), artifacts_to_use(artifacts, config)
    profile = _asked(detect_board().profile, objective, min_accuracy)
    with Console(stderr=True).status("measuring") as status:
        told = run_bench(folder, profile, batches, seconds, status.update)
    if save is not None:
        _write(save, msgspec.json.format(msgspec.json.encode(report(told)), indent=2) + b"\n")
    if plot is not None:
        from agent.views.frontier import frontier

        _write(plot, frontier(told).encode())
    if json:
        typer.echo(msgspec.json.encode(report(told)))
    else:
        _print(told, Console())


def _print(told: Bench, console: Console) -> None:
    from agent.views.bench_table import bench_table, energy_line, held_back_line

    for contest in told.contests:
        console.print(bench_table(told.title, contest))
    for refusal in told.refused:
        console.print(f"not measured: {refusal}", style="yellow", markup=False, highlight=False)
    console.print(energy_line(told), markup=False, highlight=False)
    if held_back := held_back_line(told):
        console.print(held_back, style="yellow", markup=False, highlight=False)
    for contest in told.contests:
        verdict = f"best {contest.role}" if contest.winner else f"no {contest.role} is good enough"
        console.print(f"{verdict}: {contest.reason}", markup=False, highlight=False)


def _asked(profile: Profile, objective: str | None, min_accuracy: float | None) -> Profile:
    """The board's profile, with what the user wants instead of its own."""
    from typing import get_args

    import msgspec

    from profiles.profile import Objective

    if objective is not None and objective not in get_args(Objective):
        raise UsageError(f"--objective {objective!r} is none; choose one of {', '.join(get_args(Objective))}")
    asked = {"objective": objective, "min_accuracy": min_accuracy}
    changes = {name: value for name, value in asked.items() if value is not None}
    return msgspec.structs.replace(profile, budget=msgspec.structs.replace(profile.budget, **changes))


def _batches(text: str) -> tuple[int, ...]:
    from agent.runtimes.session import MAX_BATCH

    try:
        batches = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        batches = ()
    if not batches or min(batches) < 1 or max(batches) > MAX_BATCH:
        raise UsageError(f"--batch {text!r} is no list of numbers from 1 to {MAX_BATCH}; try --batch 1,16")
    return batches


def _write(path: Path, content: bytes) -> None:
    from profiles.atomic_write import write_atomic

    try:
        write_atomic(path, content)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}); choose another place") from error
