"""The report's numbers as tables, for the page and, as Markdown, for the README. Nothing here is typed by hand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from converters.evaluate import REJECTED
from converters.report.corrupt import KINDS
from converters.report.log import Entry, StepRow
from converters.report.study import Judged, Study


@dataclass(frozen=True)
class Table:
    """A title, a head and rows of cells; the first column is names, the others are figures."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def markdown(table: Table) -> str:
    """A table as Markdown, with its title before and its note after it."""
    return "\n".join([f"### {table.title}", "", *cells(table), *(["", table.note] if table.note else []), ""])


def cells(table: Table) -> list[str]:
    """A table's head and rows as lines of Markdown."""
    return [_line(table.head), "|" + "---|" * len(table.head), *map(_line, table.rows)]


def all_tables(study: Study) -> tuple[Table, ...]:
    """Every table that has something to say."""
    tables = [nets(study), *(digits(one) for one in study.nets if one.contender.ships), *log_tables(study.runs)]
    return tuple(table for table in [*tables, corruption(study)] if table.rows)


def nets(study: Study) -> Table:
    """What was judged."""
    rows = [
        (
            one.contender.name,
            one.contender.what,
            f"{one.contender.bytes:,}",
            f"{one.verdict.accuracy:.2%}",
            str(len(one.misread)),
            str(sum(miss.read == REJECTED for miss in one.misread)),
        )
        for one in study.nets
    ]
    head = ("net", "computed by", "bytes", "accuracy", "misread", "of these rejected")
    return Table("On MNIST's test images", head, tuple(rows), "What is taken for no digit counts as misread.")


def digits(net: Judged) -> Table:
    """One row a digit."""
    rows = [
        (str(one.digit), f"{one.images:,}", f"{one.precision:.2%}", f"{one.recall:.2%}", f"{one.f1:.2%}")
        for one in net.verdict.digits
    ]
    return Table(f"{net.contender.name}: each digit", ("digit", "images", "precision", "recall", "F1"), tuple(rows))


def log_tables(runs: Sequence[Entry]) -> tuple[Table, ...]:
    """What the log tells: each recipe over its seeds, its steps, its files."""
    recipes: dict[str, list[Entry]] = defaultdict(list)
    for run in runs:
        recipes[run.recipe].append(run)
    return (
        Table(
            "Each recipe over its seeds",
            ("recipe", "seeds", "held-out", "test, mean", "test, all", "parameters", "MACs", "minutes", "on"),
            tuple(_seeds(name, entries) for name, entries in recipes.items()),
            "Of int8 where it was learnt, else of fp32. Choices are made on the held-out split, never on the test.",
        ),
        Table(
            "The ladder of compression steps",
            ("recipe", "step", "epochs", "held-out", "test", "change", "parameters", "MACs"),
            tuple(row for name, entries in recipes.items() for row in _ladder(name, entries)),
            'Means over seeds. "round" is int8 without learning, "quantize" with it; change is of the test accuracy.',
        ),
        Table(
            "The files that came of it",
            ("recipe", "file", "bytes", "test, mean", "µs a digit"),
            tuple(row for name, entries in recipes.items() for row in _files(name, entries)),
            "Means over seeds; 16 digits at once, one thread, on the machine that trained.",
        ),
    )


def corruption(study: Study) -> Table:
    """Accuracy at the third of five strengths, the middle one; the page draws all of them."""
    rows = [(one.contender.name, *(f"{one.corrupted[kind][3]:.1%}" for kind in KINDS)) for one in study.nets]
    return Table("On harder images, strength 3 of 5", ("net", *KINDS), tuple(rows))


def _seeds(name: str, entries: Sequence[Entry]) -> tuple[str, ...]:
    last = [entry.steps[-1] for entry in entries]
    tests = [row.test for row in last if row.test is not None]
    spread = f" ± {100 * stdev(tests):.2f}" if len(tests) > 1 else ""
    devices = ", ".join(sorted({entry.device for entry in entries}))
    return (
        name,
        str(len(entries)),
        f"{fmean(row.held_out for row in last):.2%}",
        f"{fmean(tests):.2%}{spread}" if tests else "–",
        " ".join(f"{100 * value:.2f}" for value in tests),
        f"{last[0].parameters:,}",
        f"{last[0].macs:,}",
        f"{fmean(entry.minutes for entry in entries):.1f}",
        devices,
    )


def _ladder(name: str, entries: Sequence[Entry]) -> Iterator[tuple[str, ...]]:
    before = None
    for rows in _alike(entries):
        test = _mean_test(rows)
        change = "" if before is None or test is None else f"{100 * (test - before):+.2f}"
        before = test
        yield (
            name,
            rows[0].do,
            str(rows[0].epochs),
            f"{fmean(row.held_out for row in rows):.2%}",
            "–" if test is None else f"{test:.2%}",
            change,
            f"{rows[0].parameters:,}",
            f"{rows[0].macs:,}",
        )


def _alike(entries: Sequence[Entry]) -> Iterable[list[StepRow]]:
    """Rows of the same step of several runs, in the order of the run with the most: some have none of teachers."""
    steps: dict[tuple[str, int], list[StepRow]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: -len(entry.steps)):
        done: Counter[str] = Counter()
        for row in entry.steps:
            done[row.do] += 1
            steps[row.do, done[row.do]].append(row)
    return steps.values()


def _mean_test(rows: Iterable[StepRow]) -> float | None:
    tests = [row.test for row in rows if row.test is not None]
    return fmean(tests) if tests else None


def _files(name: str, entries: Sequence[Entry]) -> Iterator[tuple[str, ...]]:
    for rows in zip(*(entry.exports for entry in entries if entry.exports), strict=False):
        one = rows[0]
        accuracy, time_us = fmean(row.accuracy for row in rows), fmean(row.us_a_digit for row in rows)
        yield (name, f"{one.precision} {one.format}", f"{one.bytes:,}", f"{accuracy:.2%}", f"{time_us:.1f}")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
