"""What the benchmarks share: running one as a command, checking its bounds, and writing its table into a document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

import typer
from rich.console import Console

from profiles.errors import UsageError
from profiles.terminal import run_app

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MEASURED = ROOT / "docs" / "measured.md"
"""The document with the tables that are too long for the README."""


@dataclass(frozen=True)
class Bound:
    """A measured figure and its limits."""

    what: str
    """Unit and subject, printed after the figure."""
    figure: float
    at_least: float = 0.0
    at_most: float = float("inf")

    @property
    def kept(self) -> bool:
        return self.at_least <= self.figure <= self.at_most

    def __str__(self) -> str:
        limit = f"at least {self.at_least:g}" if self.at_least else f"at most {self.at_most:g}"
        return f"{self.figure:.2f} {self.what}: {'kept' if self.kept else 'missed'}, the bound is {limit}"


def check_bounds(bounds: Iterable[Bound], console: Console) -> int:
    """Print each bound. Return the exit code: 1 if a bound is missed, else 0."""
    missed = 0
    for bound in bounds:
        console.print(str(bound), style="green" if bound.kept else "bold red", highlight=False)
        missed += not bound.kept
    return 1 if missed else 0


def replace_table(name: str, lines: Iterable[str], document: Path) -> None:
    """Replace the text between the lines `<!-- name -->` and `<!-- end of name -->` of a document.

    Args:
        name: name of the table.
        lines: the new table, in Markdown.
        document: the Markdown file.

    Raises:
        UsageError: the document does not have both lines.
    """
    first, last = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, opened, rest = document.read_text().partition(first)
    _, closed, after = rest.partition(last)
    if not opened or not closed:
        raise UsageError(f"{document} has no marks around '{name}'", advice=f"add {first.strip()} and {last.strip()}")
    table = "".join(f"{line}\n" for line in lines)
    document.write_text(f"{before}{first}\n{table}\n{last}{after}")


def run_benchmark(main: Callable[..., int | None], name: str) -> None:
    """Run a benchmark as a command and exit: 0 done, 1 a bound is missed or the run failed, 2 wrong use.

    An error that a user can cause is one line on stderr.

    Args:
        main: the benchmark; its parameters are Typer's options and arguments, and it returns the exit code.
        name: name of the benchmark, as in `python -m benchmarks.name`.
    """
    app = typer.Typer(add_completion=False)

    @app.command()
    @wraps(main)
    def command(*arguments: object, **options: object) -> None:
        raise typer.Exit(main(*arguments, **options) or 0)

    run_app(lambda: app, name)
