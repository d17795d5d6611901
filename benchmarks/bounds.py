"""What a benchmark promises: figures with bounds, told in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console


@dataclass(frozen=True)
class Bound:
    """A figure and how large it must, or may, be."""

    what: str
    """What stands after the figure: a unit and a subject."""
    figure: float
    at_least: float = 0.0
    at_most: float = float("inf")

    @property
    def kept(self) -> bool:
        return self.at_least <= self.figure <= self.at_most

    def __str__(self) -> str:
        asked = f"at least {self.at_least:g}" if self.at_least else f"at most {self.at_most:g}"
        return f"{self.figure:.2f} {self.what}: {'kept' if self.kept else 'missed'}, {asked} asked for"


def tell(bounds: Iterable[Bound], console: Console) -> int:
    """Print each bound; the exit code is 1 where one is missed."""
    missed = 0
    for bound in bounds:
        console.print(str(bound), style="green" if bound.kept else "bold red", highlight=False)
        missed += not bound.kept
    return 1 if missed else 0
