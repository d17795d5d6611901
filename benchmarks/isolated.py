"""Accuracy of the chosen classifier on digits that others have cut out: `python -m benchmarks.isolated FILE.npz ...`.

Each file has two halves: training may use the first one and never uses the second one; see `converters.data.isolated`.
It takes seconds per thousand digits. Exit code 0, or 1 if a file cannot be read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from agent.choice.choose import choose_nets
from agent.paths import default_artifacts
from agent.vision.digits import NOT_A_DIGIT
from benchmarks.report import run_benchmark
from converters.data.isolated import load_isolated
from profiles.board import detect_board


def main(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="NPZ files with `images` and `labels`.")],
) -> None:
    """Cut out each digit as from a page, classify it, and print the accuracy of each half of each file."""
    halves = [(file.stem, load_isolated(file)) for file in files]
    classifier = choose_nets(default_artifacts(), detect_board().profile).classifier
    table = Table("digits", "half", "of", "right", "right if none could be rejected", box=SIMPLE_HEAD)
    for name, pair in halves:
        for half, glyphs in zip(("used for training", "held out"), pair, strict=True):
            logits = classifier.logits(glyphs.images)
            right = (logits.argmax(axis=1) == glyphs.labels).mean()
            right_of_ten = (logits[:, :NOT_A_DIGIT].argmax(axis=1) == glyphs.labels).mean()
            table.add_row(name, half, f"{len(glyphs):,}", f"{right:.2%}", f"{right_of_ten:.2%}")
    Console().print(table)


if __name__ == "__main__":
    run_benchmark(main, "isolated")
