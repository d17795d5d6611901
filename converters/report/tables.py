"""Results as tables, for the HTML page and, in Markdown, for the documents."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from converters.evaluate import NOT_A_DIGIT
from converters.report.corrupt import CORRUPTIONS
from converters.report.log import LogEntry, StepRow
from converters.report.paper import CONFIDENT, PaperResult
from converters.report.results import NetResult, ReportData


@dataclass(frozen=True)
class Table:
    """A table of text cells. The first column holds names, the others numbers."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def markdown(table: Table) -> str:
    """Return a table in Markdown, with its title before and its note after it."""
    return "\n".join([f"### {table.title}", "", *markdown_rows(table), *(["", table.note] if table.note else []), ""])


def markdown_rows(table: Table) -> list[str]:
    """Return the head and the rows of a table as lines of Markdown."""
    return [_line(table.head), "|" + "---|" * len(table.head), *map(_line, table.rows)]


def all_tables(report: ReportData) -> tuple[Table, ...]:
    """Return all tables that are not empty."""
    tables = [
        nets_table(report),
        *(digits_table(one) for one in report.nets if one.net.ships),
        *log_tables(report.runs),
        paper_table(report.paper),
    ]
    return tuple(table for table in [*tables, corruption_table(report)] if table.rows)


def nets_table(report: ReportData) -> Table:
    """Return a table with one row for each net."""
    rows = [
        (
            one.net.name,
            one.net.computed_by,
            f"{one.net.bytes:,}",
            f"{one.metrics.accuracy:.2%}",
            str(len(one.misread)),
            str(sum(miss.predicted == NOT_A_DIGIT for miss in one.misread)),
        )
        for one in sorted(report.nets, key=lambda one: one.net.bytes)
    ]
    head = ("net", "computed by", "bytes", "accuracy", "misread", "rejected")
    return Table("MNIST test images", head, tuple(rows), "Rejected digits count as misread.")


def paper_table(results: Sequence[PaperResult]) -> Table:
    """Return a table with one row for each kind of real pictures."""
    rows = [
        (
            one.kind,
            str(one.pictures),
            str(one.right),
            f"{one.right / one.pictures:.0%}",
            str(one.empty),
            str(one.confident),
            str(one.confident_wrong),
        )
        for one in results
    ]
    head = ("kind", "pictures", "right", "share", "nothing read", "confident", "of them wrong")
    note = (
        "Pictures that no training used, read by the whole agent. A picture is right if all its digits and nothing "
        f"else were read. It is confident if every number has a confidence of {CONFIDENT:.0%} or more."
    )
    return Table("Whole numbers on real paper", head, tuple(rows), note)


def digits_table(result: NetResult) -> Table:
    """Return a table with one row for each digit."""
    rows = [
        (str(one.digit), f"{one.images:,}", f"{one.precision:.2%}", f"{one.recall:.2%}", f"{one.f1:.2%}")
        for one in result.metrics.digits
    ]
    return Table(
        f"{result.net.name}: metrics of each digit", ("digit", "images", "precision", "recall", "F1"), tuple(rows)
    )


def log_tables(runs: Sequence[LogEntry]) -> tuple[Table, ...]:
    """Return three tables of the log: results of each recipe over its seeds, its steps, and its exported files.

    The smallest net comes first, and of each recipe the smallest file.
    """
    recipes: dict[str, list[LogEntry]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: (run.steps[-1].parameters, run.recipe)):
        recipes[run.recipe].append(run)
    return (
        Table(
            "Results of each recipe over its seeds",
            (
                "recipe",
                "seeds",
                "held-out",
                "test, mean",
                "test, all",
                "parameters",
                "MACs",
                "minutes",
                "trained on",
                "commit",
            ),
            tuple(_recipe_row(name, entries) for name, entries in recipes.items()),
            "Accuracy in int8 if the net was trained in int8, else in fp32. Models are selected on held-out images, "
            "never on test images. The commit contains a recipe that the project no longer has.",
        ),
        Table(
            "Results after each step",
            ("recipe", "step", "epochs", "held-out", "test", "change", "parameters", "MACs"),
            tuple(row for name, entries in recipes.items() for row in _step_rows(name, entries)),
            'Means over seeds. "round" is int8 without training, "quantize" with training. "change" is the change of '
            "the test accuracy, in percentage points.",
        ),
        Table(
            "Exported files",
            ("recipe", "file", "bytes", "test, mean", "µs per digit"),
            tuple(row for name, entries in recipes.items() for row in _file_rows(name, entries)),
            "Means over seeds. Times are for batches of 16, one thread, on the machine of the training.",
        ),
    )


def corruption_table(report: ReportData) -> Table:
    """Return the accuracies at the third of five strengths; the charts show all strengths."""
    rows = [(one.net.name, *(f"{one.corrupted[kind][3]:.1%}" for kind in CORRUPTIONS)) for one in report.nets]
    return Table("Corrupted images, strength 3 of 5", ("net", *CORRUPTIONS), tuple(rows))


def _recipe_row(name: str, entries: Sequence[LogEntry]) -> tuple[str, ...]:
    last_steps = [entry.steps[-1] for entry in entries]
    tests = [row.test for row in last_steps if row.test is not None]
    spread = f" ± {100 * stdev(tests):.2f}" if len(tests) > 1 else ""
    devices = ", ".join(sorted({entry.device for entry in entries}))
    return (
        name,
        str(len(entries)),
        f"{fmean(row.held_out for row in last_steps):.2%}",
        f"{fmean(tests):.2%}{spread}" if tests else "–",
        " ".join(f"{100 * value:.2f}" for value in tests),
        f"{last_steps[0].parameters:,}",
        f"{last_steps[0].macs:,}",
        f"{fmean(entry.minutes for entry in entries):.1f}",
        devices,
        ", ".join(sorted({entry.commit for entry in entries if entry.commit})),
    )


def _step_rows(name: str, entries: Sequence[LogEntry]) -> Iterator[tuple[str, ...]]:
    previous = None
    for rows in _same_steps(entries):
        test = _mean_test(rows)
        change = "" if previous is None or test is None else f"{100 * (test - previous):+.2f}"
        previous = test
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


def _same_steps(entries: Sequence[LogEntry]) -> Iterable[list[StepRow]]:
    """Group the rows of all runs by step, in the order of the longest run: some runs have no row for teachers."""
    steps: dict[tuple[str, int], list[StepRow]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: -len(entry.steps)):
        counts: Counter[str] = Counter()
        for row in entry.steps:
            counts[row.do] += 1
            steps[row.do, counts[row.do]].append(row)
    return steps.values()


def _mean_test(rows: Iterable[StepRow]) -> float | None:
    tests = [row.test for row in rows if row.test is not None]
    return fmean(tests) if tests else None


def _file_rows(name: str, entries: Sequence[LogEntry]) -> Iterator[tuple[str, ...]]:
    files = zip(*(entry.exports for entry in entries if entry.exports), strict=False)
    for rows in sorted(files, key=lambda rows: rows[0].bytes):
        one = rows[0]
        accuracy, time_us = fmean(row.accuracy for row in rows), fmean(row.us_a_digit for row in rows)
        yield (name, f"{one.precision} {one.format}", f"{one.bytes:,}", f"{accuracy:.2%}", f"{time_us:.1f}")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
