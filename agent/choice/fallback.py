"""Chosen nets: the best variant of each role, and a fallback if it fails or the board is hot."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from agent.choice.choice import Choice
from agent.choice.learned import Matrix, adjust
from agent.runtimes.child import Failure
from agent.runtimes.net import LoadedNet
from profiles.errors import ArtifactError, DigitAgentError, RuntimeUnusableError

log = logging.getLogger(__name__)
NO_ADJUSTMENTS: Mapping[str, Matrix] = MappingProxyType({})


class FallbackNet:
    """The best variant of a choice; if it fails, the next best one replaces it, with a warning in the log.

    It is thread-safe: one thread at a time computes, because the interpreters of TFLite are not thread-safe.

    Args:
        choice: the variants.
        adjustments: what was learned from corrections: a matrix for the logits of each artifact, by its checksum.

    Raises:
        NoArtifactError: all variants failed, when the net is created or later.
    """

    def __init__(self, choice: Choice, adjustments: Mapping[str, Matrix] = NO_ADJUSTMENTS) -> None:
        self.choice, self._net = _load(choice)
        self._adjustments = adjustments
        self._normal_choice: Choice | None = None
        self._lock = threading.Lock()

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the logits of images; see `LoadedNet.logits`."""
        with self._lock:
            return self._compute(images)

    def set_power_saving(self, on: bool) -> None:
        """Use the variant that needs the least energy, or the best one again."""
        with self._lock:
            if on and self._normal_choice is None:
                self._normal_choice = self.choice
                self._use(self.choice.cheapest_first())
            elif not on and self._normal_choice is not None:
                self._use(self._normal_choice)
                self._normal_choice = None

    def _compute(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            logits = self._net.logits(images)
        except RuntimeUnusableError as error:
            self.choice, self._net = _load(_next(self.choice, error))
            return self._compute(images)
        matrix = self._adjustments.get(self._net.artifact.sha256)
        return logits if matrix is None else adjust(logits, matrix)

    def _use(self, choice: Choice) -> None:
        if choice.best.variant != self.choice.best.variant:
            self.choice, self._net = _load(choice)


@dataclass(frozen=True)
class ChosenNets:
    """The nets of all roles."""

    classifier: FallbackNet
    verifier: FallbackNet | None
    """The net that verifies candidates; None if the folder has no usable verifier."""
    recogniser: FallbackNet | None = None
    """The net that reads whole lines; None if the folder has no usable line recogniser."""

    def set_power_saving(self, on: bool) -> None:
        """Use the variants that need the least energy, or the best ones again."""
        for net in (self.classifier, self.verifier, self.recogniser):
            if net is not None:
                net.set_power_saving(on)


def _load(choice: Choice) -> tuple[Choice, LoadedNet]:
    """Load the best variant that can be loaded, and return it with the choice that starts with it."""
    try:
        return choice, choice.load()
    except (ArtifactError, RuntimeUnusableError) as error:
        return _load(_next(choice, error))


def _next(choice: Choice, error: DigitAgentError) -> Choice:
    following = choice.without_best(Failure(error.what, error.advice))
    log.warning("%s", following.reason)
    return following
