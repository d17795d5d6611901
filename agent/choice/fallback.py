"""The nets that read: the best of each role, and whatever takes over when one fails or the board is hot."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.choice.choice import Choice
from agent.runtimes.net import LoadedNet
from profiles.errors import ArtifactError, RuntimeUnusableError

log = logging.getLogger(__name__)


class FallbackNet:
    """The net of a choice's best; when it fails, the next best takes over, and the log says so.

    Raises:
        NoArtifactError: at the start or later: every candidate failed.
    """

    def __init__(self, choice: Choice) -> None:
        self.choice, self._net = _load(choice)
        self._before_sparing: Choice | None = None

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits, float32 (n, 11), of images, uint8 (n, 28, 28) or (n, 3, 32, 48) as the role asks."""
        try:
            return self._net.logits(images)
        except RuntimeUnusableError as error:
            self.choice, self._net = _load(_next(self.choice, error))
            return self.logits(images)

    def spare(self, on: bool) -> None:
        """Work with what takes the least of the board, or with the best again."""
        if on and self._before_sparing is None:
            self._before_sparing = self.choice
            self._turn_to(self.choice.cheapest_first())
        elif not on and self._before_sparing is not None:
            self._turn_to(self._before_sparing)
            self._before_sparing = None

    def _turn_to(self, choice: Choice) -> None:
        if choice.best.candidate != self.choice.best.candidate:
            self.choice, self._net = _load(choice)


@dataclass(frozen=True)
class ChosenNets:
    """What reads: the best of each role."""

    classifier: FallbackNet
    verifier: FallbackNet | None
    """None where the folder has none that can be used here."""

    def spare(self, on: bool) -> None:
        """Work with what takes the least of the board, or with the best again."""
        for net in (self.classifier, self.verifier):
            if net is not None:
                net.spare(on)


def _load(choice: Choice) -> tuple[Choice, LoadedNet]:
    """The best that loads, and the choice that it is the best of."""
    try:
        return choice, choice.load()
    except (ArtifactError, RuntimeUnusableError) as error:
        return _load(_next(choice, error))


def _next(choice: Choice, error: Exception) -> Choice:
    following = choice.fallback(str(error))
    log.warning("%s", following.reason)
    return following
