"""Read all pictures, and collect what was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from agent import Reader
from benchmarks.numbers import drawn, notation, writers
from benchmarks.numbers.answer import (
    Answer,
    FalseResult,
    StringResult,
    answer_of,
    false_result,
    string_results,
)
from benchmarks.numbers.case import Case
from benchmarks.numbers.handwriting import load_handwriting
from benchmarks.numbers.pictures import held_out_names, real_pictures
from benchmarks.numbers.ppocr import PpOcr
from converters.data.labelled import LabelledImages
from converters.data.mnist import load_mnist
from profiles.errors import UsageError


@dataclass(frozen=True)
class CaseSource:
    """Some pictures."""

    count: int
    cases: Iterator[Case]


def open_sources(folders: Sequence[Path], handwriting: Path | None, data: Path | None) -> list[CaseSource]:
    """Return the sources whose folders are given.

    Args:
        folders: folders of pictures with a `truth.json`.
        handwriting: folder with `unipen` and `pendigits`.
        data: folder of MNIST.

    Raises:
        UsageError: there is none.
        DatasetError: a folder cannot be read.
    """
    sources = [CaseSource(len(held_out_names(folder)), real_pictures(folder)) for folder in folders]
    if handwriting:
        hands = load_handwriting(handwriting)
        sources += [
            CaseSource(writers.DIGITS, writers.digits(hands)),
            CaseSource(2 * len(hands.numbers), writers.numbers(hands)),
            CaseSource(len(notation.PATTERNS) * notation.EACH, notation.notations(hands)),
            CaseSource(drawn.LINES, drawn.lines(hands)),
            CaseSource(writers.WORDS, writers.words(hands)),
            CaseSource(writers.ROWS, writers.letters_in_cells(hands)),
            CaseSource(drawn.BACKS, drawn.backs(hands)),
        ]
    if data:
        images, labels = load_mnist(data, "test")
        glyphs = LabelledImages(images, labels.astype(np.int64))
        sources += [
            CaseSource(drawn.FIELDS, drawn.fields(glyphs)),
            CaseSource(drawn.EMPTY_PAGES, drawn.empty_pages(glyphs)),
        ]
    if not sources:
        raise UsageError("there is nothing to read", advice="name DIR, --handwriting or --data")
    return sources


def limit_sources(sources: Sequence[CaseSource], limit: int | None) -> list[CaseSource]:
    """Return the first `limit` pictures of each source; all of them if it is None."""
    return [CaseSource(min(one.count, limit or one.count), islice(one.cases, limit)) for one in sources]


@dataclass(frozen=True)
class Results:
    """What one reader read."""

    strings: list[StringResult] = field(default_factory=list)
    falses: list[FalseResult] = field(default_factory=list)

    def add(self, case: Case, answer: Answer) -> None:
        """Compare an answer with the truth, and keep the comparison."""
        if case.text:
            self.strings.extend(string_results(case, answer))
        else:
            self.falses.append(false_result(case, answer))


@dataclass(frozen=True)
class Comparison:
    """What the agent and another reader read on the same pictures."""

    ours: Results = field(default_factory=Results)
    theirs: Results = field(default_factory=Results)

    def add(self, case: Case, ours: Answer, theirs: Answer) -> None:
        """Keep both answers."""
        self.ours.add(case, ours)
        self.theirs.add(case, theirs)


@dataclass(frozen=True)
class Run:
    """All results of a run."""

    results: Results = field(default_factory=Results)
    restricted: Comparison = field(default_factory=Comparison)
    """With PP-OCRv6, given each line at its true place, and restricted to digits and signs."""
    installed: Comparison = field(default_factory=Comparison)
    """With PP-OCRv6 as it is installed, on a part of the pictures."""


def read_cases(cases: Iterable[Case], reader: Reader, ppocr: PpOcr | None, installed_each: int) -> Run:
    """Read pictures.

    Args:
        cases: the pictures.
        reader: the agent.
        ppocr: reads too while the agent reads; None leaves it out.
        installed_each: number of pictures of each kind that PP-OCRv6 reads as it is installed.
    """
    run, read_of_kind = Run(), Counter[str]()
    for case in cases:
        with_line = ppocr is not None and case.line is not None
        if ppocr and with_line:
            ppocr.ask_line(case)
        ours = answer_of(reader.read(case.image), case.ignored)
        run.results.add(case, ours)
        if ppocr and with_line:
            run.restricted.add(case, ours, ppocr.answer())
        if ppocr and not case.ignored and read_of_kind[case.kind] < installed_each:
            read_of_kind[case.kind] += 1
            ppocr.ask_page(case)
            run.installed.add(case, ours, ppocr.answer())
    return run
