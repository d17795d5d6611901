"""`digit-agent bench`: how fast every artifact is on every runtime here, and which one wins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from profiles.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from agent.bench import Bench, Contest
    from agent.choice.measured import Measured


def bench(
    *,
    artifacts: Annotated[Path | None, typer.Option(metavar="DIR", help="Artifacts other than those shipped.")] = None,
    batch: Annotated[str, typer.Option(metavar="N,N,…", help="Digits in one call.")] = "1,4,16",
    seconds: Annotated[float, typer.Option(metavar="S", min=0, max=3600, help="Time to spend on timing.")] = 5.0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Measure every artifact on every runtime of this board, and say which one wins and why.

    Example: `digit-agent bench --batch 1,16`
    """
    import msgspec
    from rich.console import Console

    from agent.bench import bench as run_bench
    from agent.folders import default_artifacts
    from profiles.board import detect_board

    batches = _batches(batch)
    with Console(stderr=True).status("measuring") as status:
        told = run_bench(artifacts or default_artifacts(), detect_board().profile, batches, seconds, status.update)
    if json:
        typer.echo(msgspec.json.encode(_as_dict(told)))
        return
    console = Console()
    for contest in told.contests:
        console.print(_table(told.board, contest, batches))
    for refusal in told.refused:
        console.print(f"not measured: {refusal}", style="yellow", markup=False, highlight=False)
    for contest in told.contests:
        verdict = f"best {contest.role}" if contest.winner else f"no {contest.role} is good enough"
        console.print(f"{verdict}: {contest.reason}", markup=False, highlight=False)


def _batches(text: str) -> tuple[int, ...]:
    from agent.runtimes.session import MAX_BATCH

    try:
        batches = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        batches = ()
    if not batches or min(batches) < 1 or max(batches) > MAX_BATCH:
        raise UsageError(f"--batch {text!r} is no list of numbers from 1 to {MAX_BATCH}; try --batch 1,16")
    return batches


def _as_dict(told: Bench) -> dict[str, object]:
    return {
        "board": told.board,
        "objective": told.objective,
        "reasons": {contest.role: contest.reason for contest in told.contests},
        "measured": [_row(m, winner=m is contest.winner) for contest in told.contests for m in contest.ranked],
        "refused": told.refused,
    }


def _row(measured: Measured, *, winner: bool) -> dict[str, object]:
    candidate, artifact = measured.candidate, measured.candidate.artifact
    return {
        "file": artifact.file,
        "role": artifact.role,
        "runtime": candidate.runtime,
        "provider": candidate.provider,
        "threads": candidate.threads,
        "bytes": artifact.bytes,
        "accuracy": artifact.accuracy.value if artifact.accuracy else None,
        "mj_per_digit": measured.mj_per_digit,
        "winner": winner,
        "timings": [
            {
                "batch": timing.batch,
                "calls": timing.calls,
                "p50_us_per_digit": round(timing.p50_us / timing.batch, 3),
                "p95_us_per_digit": round(timing.p95_us / timing.batch, 3),
                "digits_per_second": round(timing.batch / timing.p50_us * 1e6),
            }
            for timing in measured.timings
        ],
    }


def _table(board: str, contest: Contest, batches: tuple[int, ...]) -> Table:
    """The best first; for each batch the median and the 95th percentile, in µs a digit."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from agent.choice.rank import figure

    table = Table(
        title=f"{contest.role} on {board}, µs a digit: p50/p95", title_justify="left", box=SIMPLE_HEAD, padding=0
    )
    table.add_column("", no_wrap=True)
    table.add_column("net", overflow="fold")
    for heading in ("kB", "right", *(f"{batch} at once" for batch in batches), "digits/s"):
        table.add_column(heading, justify="right", no_wrap=True)
    for measured in contest.ranked:
        artifact = measured.candidate.artifact
        winner = measured is contest.winner
        table.add_row(
            "▶" if winner else "",
            str(measured.candidate),
            figure(artifact.bytes / 1000),
            f"{artifact.accuracy.value:.2%}" if artifact.accuracy else "–",
            *(f"{figure(t.p50_us / t.batch)}/{figure(t.p95_us / t.batch)}" for t in measured.timings),
            f"{max(t.batch / t.p50_us for t in measured.timings) * 1e6:,.0f}",
            style="bold green" if winner else None,
        )
    return table
