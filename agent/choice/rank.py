"""The rule by which one candidate is better than another, and how it is told; nothing is measured here."""

from __future__ import annotations

from collections.abc import Sequence

from agent.choice.candidates import Candidate, Refusal
from agent.choice.measure import Measured
from profiles.manifest import Artifact
from profiles.profile import Objective

BETTER: dict[Objective, str] = {"latency": "faster", "energy": "thriftier", "size": "smaller"}
LEVEL = 1.02
"""Below this ratio two candidates are as good as equal."""


def accurate(artifacts: Sequence[Artifact], least: float) -> tuple[list[Artifact], list[Refusal]]:
    """The classifiers whose measured accuracy is no less than the profile's floor, and whatever else there is."""
    good = [a for a in artifacts if a.role != "classifier" or (a.accuracy is not None and a.accuracy.value >= least)]
    return good, [Refusal(a.file, _too_poor(a, least)) for a in artifacts if a not in good]


def rank(measured: Sequence[Measured], objective: Objective) -> tuple[tuple[Measured, ...], str]:
    """Candidates, the best first, and why it is the best.

    Args:
        measured: at least one candidate.
        objective: what shall be least: latency, energy, or the file's size; equals are ranked by latency.
            Where no energy was measured, latency takes its place, and the reason says so.
    """
    if objective == "energy" and any(m.mj_per_digit is None for m in measured):
        ranked, reason = rank(measured, "latency")
        return ranked, f"{reason}; latency decided, since no sensor measures energy here"
    ranked = tuple(sorted(measured, key=lambda m: (_cost(m, objective), m.us_per_digit)))
    best = ranked[0]
    return ranked, f"{best.candidate}: {_merit(ranked, objective)}, {_promise(best.candidate.artifact)}"


def figure(value: float) -> str:
    """A figure of three digits, or more where it is large: 9.81, 98.1, 981, 9810."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _cost(measured: Measured, objective: Objective) -> float:
    if objective == "size":
        return measured.candidate.artifact.bytes
    if objective == "energy":
        return measured.mj_per_digit or 0.0
    return measured.us_per_digit


def _merit(ranked: Sequence[Measured], objective: Objective) -> str:
    best = ranked[0]
    cost = _cost(best, objective)
    amounts: dict[Objective, str] = {
        "latency": f"{figure(cost)} µs a digit",
        "energy": f"{figure(cost)} mJ a digit",
        "size": f"{figure(cost / 1000)} kB",
    }
    rival = next((m for m in ranked[1:] if _kind(m.candidate) != _kind(best.candidate)), None)
    if rival is None:
        return f"{amounts[objective]}, the only one that works here"
    ratio = _cost(rival, objective) / cost
    lead = f"{ratio:.2g} times {BETTER[objective]} than" if ratio >= LEVEL else "level with"
    return f"{amounts[objective]}, {lead} the next ({rival.candidate})"


def _kind(candidate: Candidate) -> tuple[str, str, str]:
    """What makes two candidates different for people: not the number of threads."""
    return candidate.artifact.file, candidate.runtime, candidate.provider


def _promise(artifact: Artifact) -> str:
    accuracy = artifact.accuracy
    return f"{accuracy.value:.2%} right on {accuracy.data}" if accuracy else "accuracy not measured"


def _too_poor(artifact: Artifact, least: float) -> str:
    if artifact.accuracy is None:
        return f"its accuracy was not measured, and {least:.1%} is asked for; convert it again with --data"
    return f"{_promise(artifact)} is below the {least:.1%} that the profile asks for; convert a better one"
