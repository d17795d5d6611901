"""Run by a board's Python: chooses among the artifacts that ship, and prints the choices as JSON, by role.

As at a first start, but that only calls of one digit are timed, and none again where two cannot be told apart: under
emulation a call of 16 takes a second. What is printed are objects of `agent.choice.choice.Choice`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent.choice.choice import Choice, nothing_usable
from agent.choice.rank import accurate, rank
from agent.choice.survey import survey
from agent.paths import default_artifacts
from profiles.board import detect_board
from profiles.manifest import Artifact, load_manifest
from profiles.profile import Profile

SECONDS = 10.0
"""For timing; several calls of each candidate even with a net that takes 50 ms here."""


def main() -> None:
    """Choose and print."""
    folder, profile = default_artifacts(), detect_board().profile
    artifacts = load_manifest(folder).artifacts
    choices = {
        role: _choose(folder, [a for a in artifacts if a.role == role], profile)
        for role in dict.fromkeys(artifact.role for artifact in artifacts)
    }
    sys.stdout.write(msgspec.json.encode(choices).decode())


def _choose(folder: Path, artifacts: Sequence[Artifact], profile: Profile) -> Choice:
    """The choice among artifacts of one role."""
    objective = profile.budget.objective
    fit, poor = accurate(artifacts, profile.budget.min_accuracy)
    measured, broken = survey(folder, fit, profile, batches=(1,), seconds=SECONDS, energy=objective == "energy")
    if not measured:
        raise nothing_usable(folder, broken)
    ranking = rank(measured, objective)
    return Choice(str(folder), ranking.ranked, (*poor, *broken), ranking.reason, settled=not ranking.doubtful)


if __name__ == "__main__":
    main()
