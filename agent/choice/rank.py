"""Rank measured variants by an objective, and give the reason for the order as a message.

Variants whose difference is not significant keep the order of the board's profile: the order in which its file in
`profiles/catalog` lists runtimes and artifacts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.choice.measurement import Measurement
from agent.choice.significance import costs_per_block, spread, tied_with_best
from agent.choice.variants import Refusal
from profiles.manifest import Artifact
from profiles.profile import Objective

COMPARATIVES: dict[Objective, str] = {"latency": "faster", "energy": "more efficient", "size": "smaller"}
MIN_LEAD_RATIO = 1.02
"""Ratio of two costs below which the reason calls them equal. It changes only the text of the reason, not the order of
the variants. Chosen by trial."""
UNKNOWN_ERROR_SHARE = 1.0
"""Error share of an artifact whose accuracy was not measured."""


@dataclass(frozen=True)
class Ranking:
    """Order of the variants."""

    ranked: tuple[Measurement, ...]
    """Variants, best first."""
    reason: str
    """Why the first variant is the best, as a message."""
    tied: tuple[Measurement, ...] = ()
    """Variants whose difference is not significant; the profile's order decided among them. Empty if there is none."""


def split_accurate(artifacts: Sequence[Artifact], min_accuracy: float) -> tuple[list[Artifact], list[Refusal]]:
    """Return the artifacts without classifiers below a minimum accuracy, and refusals of these classifiers."""
    good = [
        a for a in artifacts if a.role != "classifier" or (a.accuracy is not None and a.accuracy.value >= min_accuracy)
    ]
    return good, [_accuracy_refusal(a, min_accuracy) for a in artifacts if a not in good]


def rank(measured: Sequence[Measurement], objective: Objective, worse: Sequence[Measurement] = ()) -> Ranking:
    """Rank measured variants.

    Args:
        measured: at least one measurement, in the order of the profile. This order decides if the best variants do not
            differ significantly.
        objective: cost to minimize: latency, energy, file size, or the error share ("accuracy"). Variants of the same
            cost are ranked by latency. Latency replaces energy if no energy was measured.
        worse: measurements of an earlier time that are known to be worse, best first.
    """
    if objective == "energy" and any(m.energy is None for m in measured):
        by_latency = rank(measured, "latency", worse)
        reason = f"{by_latency.reason}; latency decided, because there is no sensor for the energy"
        return Ranking(by_latency.ranked, reason, by_latency.tied)
    ranked = tuple(sorted(measured, key=lambda m: (_cost(m, objective), m.us_per_digit)))
    best = ranked[0]
    by_time = objective in {"latency", "energy"}
    rivals = [m for m in measured if by_time or _cost(m, objective) == _cost(best, objective)]
    tied = tied_with_best(best, rivals, objective)
    if tied:
        best = next(m for m in measured if m in tied)
        ranked = (best, *(m for m in ranked if m is not best))
    ranked = (*ranked, *worse)
    advantage = _tie_text(tied, objective) if tied else _advantage_text(ranked, objective)
    return Ranking(ranked, f"{best.variant}: {advantage}, {_accuracy_text(best.variant.artifact)}", tied)


def three_digits(value: float) -> str:
    """Format a number with three digits, or more if it is large: 9.81, 98.1, 981, 9810."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _cost(measurement: Measurement, objective: Objective) -> float:
    artifact = measurement.variant.artifact
    if objective == "size":
        return artifact.bytes
    if objective == "accuracy":
        return 1 - artifact.accuracy.value if artifact.accuracy is not None else UNKNOWN_ERROR_SHARE
    if objective == "energy":
        return measurement.mj_per_digit or 0.0
    return measurement.us_per_digit


def _advantage_text(ranked: Sequence[Measurement], objective: Objective) -> str:
    """Compare the best variant with the next one of another file, runtime or provider."""
    best = ranked[0]
    rival = next((m for m in ranked[1:] if m.variant.key[:3] != best.variant.key[:3]), None)
    cost, amount = _cost(best, objective), _cost_text(best, objective)
    if rival is None:
        return f"{amount}, the only one that works here"
    other = _cost(rival, objective)
    if objective == "accuracy":
        lead = f"{100 * (other - cost):.2g} points better than" if other > cost else "equal to"
    else:
        lead = (
            f"{other / cost:.3g} times {COMPARATIVES[objective]} than" if other / cost >= MIN_LEAD_RATIO else "equal to"
        )
    return f"{amount}, {lead} the next ({rival.variant})"


def _cost_text(best: Measurement, objective: Objective) -> str:
    cost = _cost(best, objective)
    if objective == "size":
        return f"{three_digits(cost / 1000)} kB"
    if objective == "accuracy":
        return f"{three_digits(100 * cost)} % wrong"
    unit = "mJ" if objective == "energy" else "µs"
    what = "strip" if best.variant.artifact.role == "recogniser" else "digit"
    return f"{three_digits(cost)} {unit} per {what} (±{spread(costs_per_block(best, objective)):.0%})"


def _tie_text(tied: Sequence[Measurement], objective: Objective) -> str:
    widest = max(spread(costs_per_block(m, objective)) for m in tied)
    return (
        f"first of {len(tied)} in the profile's order, because their difference is not significant "
        f"(±{widest:.0%}; was the machine busy?)"
    )


def _accuracy_text(artifact: Artifact) -> str:
    accuracy = artifact.accuracy
    return f"{accuracy.value:.2%} right on {accuracy.data}" if accuracy else "accuracy not measured"


def _accuracy_refusal(artifact: Artifact, min_accuracy: float) -> Refusal:
    if artifact.accuracy is None:
        reason = f"its accuracy was not measured, and {min_accuracy:.1%} is required"
        return Refusal(artifact.file, reason, "convert it again with --data")
    reason = f"{_accuracy_text(artifact)} is below the {min_accuracy:.1%} that the profile requires"
    return Refusal(artifact.file, reason, "convert a better one")
