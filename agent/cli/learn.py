"""`digit-agent learn`: learn from corrected readings on the board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import ConfigFile, option, settings_to_use
from agent.config.options import Config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.learn.learn import Lesson

USE = "'systemctl reload digit-agent' tells a running service"


def learn(
    *,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The log. [default: the log of 'digit-agent run' here]"),
    ] = None,
    artifacts: Annotated[Path | None, option("artifacts")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Forget what was learned.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: ConfigFile = None,
) -> None:
    """Learn from the readings that people corrected or confirmed on the web page.

    What the nets say is adjusted to the writers in front of this board; their files stay as they are. It is kept only
    if numbers are read better: each corrected number is read by nets that did not learn from it. Otherwise nothing is
    written, and the exit code is 1. 50 corrections take half a minute on a desktop, and longer on a board.

    Example: `sudo digit-agent learn --log /var/lib/digit-agent/agent.db && sudo systemctl reload digit-agent`
    """
    from rich.console import Console

    from agent.cli.stats import configured_log
    from agent.learn.from_log import forget, learn_from_log
    from agent.paths import learned_file
    from agent.views.progress import progress
    from profiles.board import detect_board
    from profiles.foreign_text import show, to_json

    source = log or configured_log(config)
    path = show(learned_file(source))
    if undo:
        typer.echo(f"forgotten: {path} is deleted; {USE}" if forget(source) else f"nothing was learned: no {path}")
        return
    with progress(Console(stderr=True), "learning") as report_step:
        folder = settings_to_use(Config(artifacts=artifacts), config).artifacts
        lesson = learn_from_log(source, folder, detect_board().profile, report_step)
    if json:
        typer.echo(to_json(_as_json(lesson)))
    else:
        _print(lesson, path)
    if not lesson.is_kept:
        raise typer.Exit(1)


def _as_json(lesson: Lesson) -> Mapping[str, object]:
    judged, drawn = lesson.corrections, lesson.drawn
    return {
        "kept": lesson.is_kept,
        "corrections": judged.count,
        "not_aligned": lesson.not_aligned,
        "right_before": judged.right_before,
        "right_after": judged.right_after,
        "mended": judged.mended,
        "broken": judged.broken,
        "gain_low": round(judged.interval[0], 4),
        "gain_high": round(judged.interval[1], 4),
        "p_value": round(judged.p_value, 4),
        "drawn": drawn.count,
        "drawn_right_before": drawn.right_before,
        "drawn_right_after": drawn.right_after,
    }


def _print(lesson: Lesson, path: str) -> None:
    judged, drawn = lesson.corrections, lesson.drawn
    low, high = (100 * end for end in judged.interval)
    typer.echo(
        f"corrected numbers read right: {judged.right_before} of {judged.count} before, {judged.right_after} now"
    )
    typer.echo(
        f"  {judged.mended} mended, {judged.broken} broken; 95 % interval of the gain: {low:+.0f} to {high:+.0f} points"
    )
    if lesson.not_aligned:
        typer.echo(f"  {lesson.not_aligned} could not be learned from: their digits were not found in the picture")
    typer.echo(f"drawn numbers read right: {drawn.right_before} of {drawn.count} before, {drawn.right_after} now")
    if lesson.has_forgotten:
        typer.echo("not kept: too much was forgotten")
    elif not judged.is_better:
        typer.echo("not kept: this may be chance; correct more readings that are wrong, and try again")
    else:
        typer.echo(f"kept in {path}; {USE}")
