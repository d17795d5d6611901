"""Share of numbers that are read without a mistake: `python -m benchmarks.numbers DIR`.

DIR is a folder of pictures with a `truth.json` (see `converters.data.pictures`). A picture is right if its digits, in
reading order, are exactly the true ones: none is missed, wrong or added. Pictures that training used are counted apart.
It takes about 0.05 s for each picture. Exit code 0, or 1 if a picture cannot be read.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agent import Reader
from benchmarks.report import run_benchmark
from converters.data.pictures import load_labelled_picture, load_truth, training_pictures


def main(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of pictures with a truth.json.")],
    depth: Annotated[str, typer.Option(metavar="DEPTH", help="Depth of the look: quick or thorough.")] = "thorough",
) -> None:
    """Read all pictures of a folder, and print how many are read without a mistake."""
    reader = Reader(depth=depth)
    labels = load_truth(folder)
    used = training_pictures(labels)
    pictures, right = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for name, truth in track(labels.items(), "reading pictures", console=Console(stderr=True)):
        page = reader.read(load_labelled_picture(folder, name))
        row = truth.kind, "used for training" if name in used else "held out"
        pictures[row] += 1
        right[row] += "".join(reading.digits_text for reading in page.readings) == "".join(truth.lines)
    table = Table("pictures", "", "of", "right", "of 100", box=SIMPLE_HEAD)
    for kind, use in sorted(pictures):
        count, exact = pictures[kind, use], right[kind, use]
        table.add_row(kind, use, str(count), str(exact), f"{100 * exact / count:.0f}")
    Console().print(table)


if __name__ == "__main__":
    run_benchmark(main, "numbers")
