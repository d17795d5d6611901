"""Choose among the artifacts that ship and print the choices as JSON, by role; runs in a board's Python.

It works like the agent's cold start, with two differences: only batches of one digit are measured, because under
emulation a batch of 16 takes a second, and close results are not measured again. The output consists of objects of
`agent.choice.choice.Choice`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent.choice.choice import Choice, no_usable_artifact
from agent.choice.choose import measure_variants
from agent.choice.rank import rank, split_accurate
from agent.paths import default_artifacts
from profiles.board import detect_board
from profiles.manifest import Artifact, load_manifest
from profiles.profile import Profile

SECONDS = 10.0
"""Time for the measurements, in seconds: several calls of each variant, even if a call takes 50 ms."""


def main() -> None:
    """Print the choices."""
    folder, profile = default_artifacts(), detect_board().profile
    artifacts = load_manifest(folder).artifacts
    choices = {
        role: _choose(folder, [a for a in artifacts if a.role == role], profile)
        for role in dict.fromkeys(artifact.role for artifact in artifacts)
    }
    sys.stdout.write(msgspec.json.encode(choices).decode())


def _choose(folder: Path, artifacts: Sequence[Artifact], profile: Profile) -> Choice:
    """Return the choice among the artifacts of one role."""
    objective = profile.budget.objective
    fit, poor = split_accurate(artifacts, profile.budget.min_accuracy)
    measured, broken = measure_variants(
        folder, fit, profile, batches=(1,), seconds=SECONDS, energy=objective == "energy"
    )
    if not measured:
        raise no_usable_artifact(folder, broken)
    ranking = rank(measured, objective)
    return Choice(str(folder), ranking.ranked, (*poor, *broken), ranking.reason, significant=not ranking.tied)


if __name__ == "__main__":
    main()
