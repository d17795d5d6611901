"""Whole numbers: how many are read without a mistake, and which of them can be relied on.

    python -m benchmarks.numbers --data data/mnist --handwriting DIR DIR...

Each DIR is a folder of pictures with a `truth.json` (see `converters.data.pictures`). Its held-out pictures are read.
`--handwriting` names a folder with pen strokes (see `converters.data.strokes`). Those of the held-out writers are drawn
on paper. `--data` names MNIST, whose test digits stand in drawn form fields. What is not named is left out. The seeds
are fixed. All of it takes some minutes. Exit code 0, or 1 if the data cannot be read.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated

import cv2
import msgspec
import typer
from rich.console import Console
from rich.progress import track

from agent import Reader
from agent.paths import default_artifacts
from benchmarks.numbers.figures import ALL, false_figures, once_each, reliability_table, string_figures
from benchmarks.numbers.plot import risk_coverage_plot
from benchmarks.numbers.ppocr import start_ppocr
from benchmarks.numbers.run import Comparison, Run, limit_sources, open_sources, read_cases
from benchmarks.numbers.tables import TextTable, comparison_table, false_table, string_table
from benchmarks.numbers.tables import reliability_table as as_reliability_table
from benchmarks.report import MEASURED, replace_table, run_benchmark
from profiles.manifest import load_manifest

PLOT = MEASURED.with_name("risk-coverage.svg")
"""The plot in the document."""
RESTRICTED, INSTALLED = "PP-OCRv6 restricted", "PP-OCRv6 as installed"


def main(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="DIR", help="Folders of pictures with a truth.json.")
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", envvar="DIGIT_DATA_DIR", help="Folder of MNIST.")] = None,
    handwriting: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of pen strokes: unipen, pendigits.")
    ] = None,
    *,
    ppocr: Annotated[
        Path | None,
        typer.Option(metavar="PYTHON", help="Also read with PP-OCRv6: an interpreter with rapidocr and onnxruntime."),
    ] = None,
    installed: Annotated[
        int, typer.Option(min=0, help="Pictures of each kind that PP-OCRv6 reads as installed, 2 s each.")
    ] = 8,
    limit: Annotated[int | None, typer.Option(min=1, help="Pictures of each source.")] = None,
    depth: Annotated[str, typer.Option(metavar="DEPTH", help="Depth of the look: quick or thorough.")] = "thorough",
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Write risk-coverage curves as SVG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    save: Annotated[bool, typer.Option("--save", help="Write the tables and the plot into docs/.")] = False,
) -> None:
    """Read numbers, and print how many are right and how far the confidence can be trusted."""
    cv2.setNumThreads(1)
    reader = Reader(depth=depth)
    sources = limit_sources(open_sources(folders or [], handwriting, data), limit)
    total = sum(source.count for source in sources)
    cases = chain.from_iterable(source.cases for source in sources)
    with start_ppocr(ppocr) as other:
        progress = track(cases, "reading numbers", total=total, console=Console(stderr=True))
        run = read_cases(progress, reader, other, installed)
    if plot:
        plot.write_text(draw_plot(run))
    if save:
        PLOT.write_text(draw_plot(run))
        lines = [line for table in tables(run) for line in ("", *table.markdown())]
        picture = f"![Share of wrong strings over coverage]({PLOT.name})"
        replace_table("numbers", [*lines[1:], "", picture], MEASURED)
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(as_dict(run, depth)), indent=1).decode() + "\n")
        return
    console = Console(width=None if sys.stdout.isatty() else 200)
    for table in tables(run):
        console.print(table.for_terminal())


def tables(run: Run) -> list[TextTable]:
    """Return the tables of a run."""
    found = []
    if run.results.strings:
        found.append(string_table(string_figures(run.results.strings)))
        found.append(as_reliability_table(reliability_table(run.results.strings)))
    if run.results.falses:
        found.append(false_table(false_figures(run.results.falses)))
    for name, comparison in _comparisons(run).items():
        title = f"The same strings with {name}"
        ours, theirs = (string_figures(part.strings) for part in (comparison.ours, comparison.theirs))
        found.append(comparison_table(title, ours, theirs, name))
    return found


def draw_plot(run: Run) -> str:
    """Return the risk-coverage curves of all strings, of each kind, and of PP-OCRv6."""
    strings = once_each(run.results.strings)
    curves = {ALL: strings}
    for name, comparison in _comparisons(run).items():
        curves[name] = once_each(comparison.theirs.strings)
    for kind in dict.fromkeys(result.kind for result in strings):
        curves[kind] = [result for result in strings if result.kind == kind]
    return risk_coverage_plot(curves)


def as_dict(run: Run, depth: str) -> dict[str, object]:
    """Return all figures of a run as plain types."""
    return {
        "depth": depth,
        "artifacts": sorted({artifact.role for artifact in load_manifest(default_artifacts()).artifacts}),
        "strings": string_figures(run.results.strings),
        "reliability": [row._asdict() for row in reliability_table(run.results.strings)],
        "false_digits": false_figures(run.results.falses),
        "compared": {
            name: {
                who: {"strings": string_figures(part.strings), "false_digits": false_figures(part.falses)}
                for who, part in (("digit-agent", comparison.ours), (name, comparison.theirs))
            }
            for name, comparison in _comparisons(run).items()
        },
    }


def _comparisons(run: Run) -> Mapping[str, Comparison]:
    """Return the comparisons that took place, by the name of the other reader."""
    both = {RESTRICTED: run.restricted, INSTALLED: run.installed}
    return {name: comparison for name, comparison in both.items() if comparison.theirs.strings}


if __name__ == "__main__":
    run_benchmark(main, "numbers")
