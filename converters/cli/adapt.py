"""`digit-convert adapt`: adapt the nets that ship to corrected readings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from converters.cli.options import MNIST_FOLDER, MnistFolder


def adapt(
    corrections: Annotated[
        list[Path],
        typer.Option(metavar="DIR", help="Folder of 'digit-agent corrections export'; may be repeated."),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="New folder for artifacts, checkpoints and a page.")],
    target: Annotated[
        str, typer.Option(metavar="TARGET", help="Board (pi5), family (pi, jetson, generic) or all; see `targets`.")
    ] = "all",
    base: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Net that learns: nano, small, base, verifier or recogniser; may be repeated.",
            show_default="all",
        ),
    ] = None,
    data: MnistFolder = MNIST_FOLDER,
) -> None:
    """Adapt the nets that ship to the writers whose readings were corrected, in some minutes.

    The nets are written only if corrected numbers that they did not learn from are read better, and if drawn numbers
    and MNIST's test images are read as well as before; otherwise the exit code is 1.

    Example: `digit-convert adapt --corrections anna/ --corrections shop/ --target pi --out adapted/`
    """
    from rich.console import Console

    from agent.paths import shipped_artifacts
    from converters.adapt.adapt import PAGE
    from converters.adapt.adapt import adapt as adapt_nets
    from profiles.foreign_text import show
    from profiles.profile import resolve_target

    messages = Console(stderr=True)
    with messages.status("adapting") as status:

        def report_step(text: str) -> None:
            status.update(show(text))

        adapted = adapt_nets(
            corrections,
            out,
            shipped=shipped_artifacts(),
            profiles=resolve_target(target),
            data=data,
            progress=report_step,
            bases=base or (),
        )
    judged, drawn = adapted.cross_validated, adapted.drawn
    low, high = (100 * end for end in judged.interval)
    before, after = judged.right_before, judged.right_after
    typer.echo(f"corrected numbers read right: {before} of {judged.count} before, {after} now")
    typer.echo(f"  {judged.mended} mended, {judged.broken} broken: {low:+.0f} to {high:+.0f} points (95 % interval)")
    typer.echo(f"drawn numbers read right: {drawn.right_before} of {drawn.count} before, {drawn.right_after} now")
    for tier, (old, new) in adapted.mnist.items():
        typer.echo(f"MNIST's test images, {tier} int8: {old:.2%} before, {new:.2%} now")
    typer.echo(f"{show(out)} has the artifacts of each board; {show(out / PAGE)} shows what is read differently")
