"""Ranking of the variants that can be used on this machine in one role."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from agent.choice.measurement import Measurement
from agent.choice.variants import Refusal
from agent.runtimes.child import Failure
from agent.runtimes.net import LoadedNet
from profiles.errors import NoArtifactError


class Choice(msgspec.Struct, frozen=True):
    """Ranking of the variants that can be used on this machine in one role."""

    folder: str
    """Folder of the artifacts."""
    ranked: Annotated[tuple[Measurement, ...], msgspec.Meta(min_length=1)]
    """Usable variants, best first."""
    refused: tuple[Refusal, ...]
    reason: str
    """Why the first variant is the best, as a message."""
    significant: bool = True
    """Whether the measurement decided; False if it was too noisy and the profile's order decided."""

    @property
    def best(self) -> Measurement:
        return self.ranked[0]

    def load(self) -> LoadedNet:
        """Load the best variant; raises the same errors as `load_net`."""
        return self.best.variant.load(Path(self.folder))

    def without_best(self, failure: Failure) -> Choice:
        """Return the choice without its best variant, because this variant failed.

        Raises:
            NoArtifactError: no variant is left.
        """
        failed = self.best.variant
        refused = (*self.refused, Refusal(str(failed), failure.what, failure.advice))
        if not self.ranked[1:]:
            raise no_usable_artifact(Path(self.folder), refused)
        reason = f"{self.ranked[1].variant}: took over, because {failed} failed ({failure})"
        return Choice(self.folder, self.ranked[1:], refused, reason, self.significant)

    def cheapest_first(self) -> Choice:
        """Return the choice with the variant first that needs the least energy, or CPU time if no energy is known."""
        known = all(m.energy is not None for m in self.ranked)
        cheapest = min(self.ranked, key=lambda m: (m.mj_per_digit or 0.0) if known else m.core_us_per_digit)
        if cheapest is self.best:
            return self
        rest = tuple(m for m in self.ranked if m is not cheapest)
        reason = f"{cheapest.variant}: needs the least energy on a hot board"
        return Choice(self.folder, (cheapest, *rest), self.refused, reason, self.significant)


def no_usable_artifact(folder: Path, refused: Sequence[Refusal]) -> NoArtifactError:
    """Return the error that lists the refusals, each explanation once."""
    by_explanation = dict[str, list[str]]()
    for refusal in refused:
        by_explanation.setdefault(refusal.explanation, []).append(refusal.what)
    reasons = " | ".join(f"{', '.join(names)}: {why}" for why, names in by_explanation.items())
    return NoArtifactError(
        f"no artifact of {folder} can be used here: {reasons or 'its manifest lists none'}",
        advice="see 'digit-agent doctor'",
    )
