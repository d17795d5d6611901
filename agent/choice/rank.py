"""The rule by which one candidate is better than another, and how it is told; nothing is measured here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.choice.measurement import Measurement
from agent.choice.significance import in_doubt, parts, spread
from agent.choice.variants import Refusal, Variant
from profiles.manifest import Artifact
from profiles.profile import Objective

BETTER: dict[Objective, str] = {"latency": "faster", "energy": "thriftier", "size": "smaller"}
LEVEL = 1.02
"""Below this ratio two candidates are as good as equal."""
UNKNOWN = 1.0
"""The share of errors of what was never measured: it is right in no case that is known."""


@dataclass(frozen=True)
class Ranking:
    """Candidates by their worth."""

    ranked: tuple[Measurement, ...]
    """The best first."""
    reason: str
    """Why the first is the best, for people."""
    doubtful: tuple[Measurement, ...] = ()
    """Those that could not be told apart, of which the profile's order took the first; empty where all is clear."""


def accurate(artifacts: Sequence[Artifact], least: float) -> tuple[list[Artifact], list[Refusal]]:
    """The classifiers whose measured accuracy is no less than the profile's floor, and whatever else there is."""
    good = [a for a in artifacts if a.role != "classifier" or (a.accuracy is not None and a.accuracy.value >= least)]
    return good, [Refusal(a.file, _too_poor(a, least)) for a in artifacts if a not in good]


def rank(measured: Sequence[Measurement], objective: Objective, behind: Sequence[Measurement] = ()) -> Ranking:
    """Candidates, the best first, and why it is the best.

    Args:
        measured: at least one candidate, in the profile's order, which decides where the measurement cannot.
        objective: what shall be least: latency, energy, the file's size, or the share of errors; equals are ranked by
            latency. Where no energy was measured, latency takes its place, and the reason says so.
        behind: those that are worse, the best first, as was measured at another time.
    """
    if objective == "energy" and any(m.energy is None for m in measured):
        told = rank(measured, "latency", behind)
        reason = f"{told.reason}; latency decided, since no sensor measures energy here"
        return Ranking(told.ranked, reason, told.doubtful)
    ranked = tuple(sorted(measured, key=lambda m: (_cost(m, objective), m.us_per_digit)))
    best = ranked[0]
    by_time = objective in {"latency", "energy"}
    rivals = [m for m in measured if by_time or _cost(m, objective) == _cost(best, objective)]
    doubtful = in_doubt(best, rivals, objective)
    if doubtful:
        best = next(m for m in measured if m in doubtful)
        ranked = (best, *(m for m in ranked if m is not best))
    ranked = (*ranked, *behind)
    merit = _doubt(doubtful, objective) if doubtful else _merit(ranked, objective)
    return Ranking(ranked, f"{best.candidate}: {merit}, {_promise(best.candidate.artifact)}", doubtful)


def figure(value: float) -> str:
    """A figure of three digits, or more where it is large: 9.81, 98.1, 981, 9810."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _cost(measured: Measurement, objective: Objective) -> float:
    artifact = measured.candidate.artifact
    if objective == "size":
        return artifact.bytes
    if objective == "accuracy":
        return 1 - artifact.accuracy.value if artifact.accuracy is not None else UNKNOWN
    if objective == "energy":
        return measured.mj_per_digit or 0.0
    return measured.us_per_digit


def _merit(ranked: Sequence[Measurement], objective: Objective) -> str:
    """What the best has over the next of another file or runtime."""
    best = ranked[0]
    rival = next((m for m in ranked[1:] if _kind(m.candidate) != _kind(best.candidate)), None)
    cost, amount = _cost(best, objective), _amount(best, objective)
    if rival is None:
        return f"{amount}, the only one that works here"
    other = _cost(rival, objective)
    if objective == "accuracy":
        lead = f"{100 * (other - cost):.2g} points better than" if other > cost else "level with"
    else:
        lead = f"{other / cost:.2g} times {BETTER[objective]} than" if other / cost >= LEVEL else "level with"
    return f"{amount}, {lead} the next ({rival.candidate})"


def _amount(best: Measurement, objective: Objective) -> str:
    cost = _cost(best, objective)
    if objective == "size":
        return f"{figure(cost / 1000)} kB"
    if objective == "accuracy":
        return f"{figure(100 * cost)} % wrong"
    unit = "mJ" if objective == "energy" else "µs"
    return f"{figure(cost)} {unit} a digit (±{spread(parts(best, objective)):.0%})"


def _doubt(doubtful: Sequence[Measurement], objective: Objective) -> str:
    widest = max(spread(parts(m, objective)) for m in doubtful)
    return (
        f"first of {len(doubtful)} in the profile's order, because the measurement cannot tell them apart "
        f"(±{widest:.0%}; was the machine busy?)"
    )


def _kind(candidate: Variant) -> tuple[str, str, str]:
    """What makes two candidates different for people: not the number of threads."""
    return candidate.artifact.file, candidate.runtime, candidate.provider


def _promise(artifact: Artifact) -> str:
    accuracy = artifact.accuracy
    return f"{accuracy.value:.2%} right on {accuracy.data}" if accuracy else "accuracy not measured"


def _too_poor(artifact: Artifact, least: float) -> str:
    if artifact.accuracy is None:
        return f"its accuracy was not measured, and {least:.1%} is asked for; convert it again with --data"
    return f"{_promise(artifact)} is below the {least:.1%} that the profile asks for; convert a better one"
