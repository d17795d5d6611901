"""How well the chosen classifier tells digits that others cut out: `python -m benchmarks.isolated FILE.npz ...`.

Of each file one half may have been learnt from, the other was not: see `converters.data.isolated`.
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
from converters.data.isolated import load_isolated
from profiles.board import detect_board


def main(files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Each with images and labels.")]) -> None:
    """Cut each digit out as from a page, and ask the classifier."""
    classifier = choose_nets(default_artifacts(), detect_board().profile).classifier
    table = Table("digits", "half", "of", "right", "right if none could be rejected", box=SIMPLE_HEAD)
    for file in files:
        for half, glyphs in zip(("learnt from", "kept"), load_isolated(file), strict=True):
            logits = classifier.logits(glyphs.images)
            right = (logits.argmax(axis=1) == glyphs.labels).mean()
            among_ten = (logits[:, :NOT_A_DIGIT].argmax(axis=1) == glyphs.labels).mean()
            table.add_row(file.stem, half, f"{len(glyphs):,}", f"{right:.2%}", f"{among_ten:.2%}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
