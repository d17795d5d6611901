"""The figures of a run, by kind of picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.numbers.answer import AS_WRITTEN, SURE, FalseResult, StringResult
from benchmarks.string_metrics import (
    Bin,
    Confidence,
    Right,
    calibration_error,
    character_error_rate,
    coverage_at,
    reliability,
    risk_at,
)

ALL = "all strings"
"""Name of all kinds together. Each picture counts once, with its digits."""
COVERAGES, RISKS = (0.5, 0.75, 0.9, 1.0), (0.005, 0.01, 0.02)
"""Coverages for which the share of wrong strings is given, and shares of wrong strings for which coverage is given."""
RELIABILITY_EDGES = (0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1)
"""Edges of the bins of the reliability table; they are narrow where many confidences lie."""


@dataclass(frozen=True)
class StringFigures:
    """Figures of some strings. All but the first two are shares, 0..1."""

    strings: int
    exact: int
    character_error_rate: float
    wrong_at_coverage: tuple[float, ...]
    """Share of wrong strings among the most confident ones, for each of `COVERAGES`."""
    coverage_at_wrong: tuple[float, ...]
    """Largest share of strings that can be accepted, for each of `RISKS`."""
    calibration_error: float
    sure_wrong: int
    """Number of wrong strings whose confidence is at least `SURE`."""


@dataclass(frozen=True)
class FalseFigures:
    """Digits read on pictures without digits."""

    things: int
    digits: int
    sure_digits: int


def as_arrays(results: Sequence[StringResult]) -> tuple[Confidence, Right]:
    """Return confidences and whether the strings are right, as `benchmarks.string_metrics` wants them."""
    confidence = np.array([result.confidence for result in results], np.float64)
    return confidence, np.array([result.right for result in results], np.bool_)


def string_figures(results: Sequence[StringResult]) -> dict[str, StringFigures]:
    """Return the figures of each kind in the order in which the kinds occur, then of all kinds."""
    kinds = {kind: [r for r in results if r.kind == kind] for kind in dict.fromkeys(r.kind for r in results)}
    kinds[ALL] = once_each(results)
    return {kind: _string_figures(part) for kind, part in kinds.items()}


def once_each(results: Sequence[StringResult]) -> list[StringResult]:
    """Return one result for each picture: that of its digits."""
    return [result for result in results if not result.kind.endswith(AS_WRITTEN)]


def _string_figures(results: Sequence[StringResult]) -> StringFigures:
    confidence, right = as_arrays(results)
    return StringFigures(
        len(results),
        int(right.sum()),
        character_error_rate([result.truth for result in results], [result.read for result in results]),
        tuple(risk_at(coverage, confidence, right) for coverage in COVERAGES),
        tuple(coverage_at(risk, confidence, right) for risk in RISKS),
        calibration_error(confidence, right),
        int((~right & (confidence >= SURE)).sum()),
    )


def false_figures(results: Sequence[FalseResult]) -> dict[str, FalseFigures]:
    """Return the figures of each kind in the order in which the kinds occur."""
    kinds = {kind: [r for r in results if r.kind == kind] for kind in dict.fromkeys(r.kind for r in results)}
    return {
        kind: FalseFigures(sum(r.things for r in part), sum(r.digits for r in part), sum(r.sure_digits for r in part))
        for kind, part in kinds.items()
    }


def reliability_table(results: Sequence[StringResult]) -> list[Bin]:
    """Return the reliability of all pictures."""
    return reliability(*as_arrays(once_each(results)), RELIABILITY_EDGES)
