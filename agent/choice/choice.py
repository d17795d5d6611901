"""What can be used here in one role, the best first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from agent.choice.measurement import Measurement
from agent.choice.variants import Refusal
from agent.runtimes.net import LoadedNet
from profiles.errors import NoArtifactError


class Choice(msgspec.Struct, frozen=True):
    """What can be used here in one role, the best first."""

    folder: str
    """Where the artifacts lie."""
    ranked: Annotated[tuple[Measurement, ...], msgspec.Meta(min_length=1)]
    refused: tuple[Refusal, ...]
    reason: str
    """Why the first is the best, for people."""
    settled: bool = True
    """Whether the measurement decided, and not the profile's order because of noise."""

    @property
    def best(self) -> Measurement:
        return self.ranked[0]

    def load(self) -> LoadedNet:
        """Load the best; see `load_net` for what it raises."""
        return self.best.candidate.load(Path(self.folder))

    def fallback(self, failure: str) -> Choice:
        """The choice without its best, which failed.

        Raises:
            NoArtifactError: nothing is left.
        """
        failed = self.best.candidate
        refused = (*self.refused, Refusal(str(failed), failure))
        if not self.ranked[1:]:
            raise nothing_usable(Path(self.folder), refused)
        reason = f"{self.ranked[1].candidate}: took over, because {failed} failed ({failure})"
        return Choice(self.folder, self.ranked[1:], refused, reason, self.settled)

    def cheapest_first(self) -> Choice:
        """Led by what takes the least of the board, by its energy where that is known, else by its cores' time."""
        known = all(m.energy is not None for m in self.ranked)
        cheapest = min(self.ranked, key=lambda m: (m.mj_per_digit or 0.0) if known else m.core_us_per_digit)
        if cheapest is self.best:
            return self
        rest = tuple(m for m in self.ranked if m is not cheapest)
        reason = f"{cheapest.candidate}: takes the least of a hot board"
        return Choice(self.folder, (cheapest, *rest), self.refused, reason, self.settled)


def nothing_usable(folder: Path, refused: Sequence[Refusal]) -> NoArtifactError:
    """The error that lists every reason."""
    reasons = " | ".join(map(str, refused)) or "its manifest lists none"
    return NoArtifactError(f"no artifact of {folder} can be used here: {reasons} | see 'digit-agent doctor'")
