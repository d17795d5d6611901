"""Tables of a run, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks.numbers.answer import SURE
from benchmarks.numbers.figures import COVERAGES, RISKS, FalseFigures, StringFigures
from benchmarks.string_metrics import Bin


@dataclass(frozen=True)
class TextTable:
    """A table of text; the first column is a name, the others are figures."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def for_terminal(self) -> Table:
        """Return the table as rich prints it."""
        table = Table(title=self.title, title_justify="left", box=SIMPLE_HEAD)
        for number, name in enumerate(self.head):
            table.add_column(name, justify="right" if number else "left", no_wrap=not number)
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> Iterator[str]:
        """Yield the lines of the table in Markdown, after its title."""
        yield from (f"{self.title}:", "", f"| {' | '.join(self.head)} |", "|" + "---|" * len(self.head))
        yield from (f"| {' | '.join(row)} |" for row in self.rows)


def string_table(figures: Mapping[str, StringFigures]) -> TextTable:
    """Return the figures of strings by kind."""
    wrong = [f"{coverage:.0%}" for coverage in COVERAGES]
    accepted = [f"{risk:.1%}" for risk in RISKS]
    head = ["strings", "of", "exact", "CER", f"wrong in the best {wrong[0]}", *wrong[1:]]
    head += [f"accepted at {accepted[0]} wrong", *accepted[1:], "ECE", f"wrong at ≥ {SURE}"]
    return TextTable("Whole strings", head, [_string_row(kind, row) for kind, row in figures.items()])


def _string_row(kind: str, row: StringFigures) -> list[str]:
    return [
        kind,
        str(row.strings),
        f"{row.exact / row.strings:.1%}" if row.strings else "–",
        f"{row.character_error_rate:.1%}",
        *(f"{share:.1%}" for share in row.wrong_at_coverage),
        *(f"{share:.0%}" for share in row.coverage_at_wrong),
        f"{row.calibration_error:.3f}",
        str(row.sure_wrong),
    ]


def false_table(figures: Mapping[str, FalseFigures]) -> TextTable:
    """Return the digits that were read where there are none."""
    head = ["things that are not digits", "of", "read as digits", f"at ≥ {SURE}", f"share at ≥ {SURE}"]
    rows = [
        [kind, str(row.things), str(row.digits), str(row.sure_digits), f"{row.sure_digits / row.things:.1%}"]
        for kind, row in figures.items()
    ]
    return TextTable("Digits where there are none", head, rows)


def reliability_table(bins: Sequence[Bin]) -> TextTable:
    """Return how often strings of each confidence are right."""
    rows = [
        [f"{b.low:g} to {b.high:g}", str(b.strings), f"{b.confidence:.3f}", f"{b.right:.3f}"] for b in reversed(bins)
    ]
    return TextTable("Confidence of all strings", ["confidence", "strings", "mean confidence", "share right"], rows)


def comparison_table(
    title: str, ours: Mapping[str, StringFigures], theirs: Mapping[str, StringFigures], name: str
) -> TextTable:
    """Return the figures of two readers for the same strings."""
    head = ["strings", "of", "exact", f"exact, {name}", "wrong in the best 75%", f"the same, {name}"]
    best = COVERAGES.index(0.75)
    rows = [
        [
            kind,
            str(row.strings),
            str(row.exact),
            str(theirs[kind].exact),
            f"{row.wrong_at_coverage[best]:.1%}",
            f"{theirs[kind].wrong_at_coverage[best]:.1%}",
        ]
        for kind, row in ours.items()
    ]
    return TextTable(title, head, rows)
