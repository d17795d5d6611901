"""The epochs of a run: fresh ones, or a few varied and shown to the teachers once, then shuffled and dealt again.

For a small net on a CPU, varying glyphs and asking the teachers takes many times longer than learning from the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from converters.train.learn import Batch
from converters.train.pool import Pool

SEED = 0
"""Of decks that come again: the same for all seeds of a recipe, which differ in their start and their shuffling."""


@dataclass(frozen=True, eq=False)
class _Deck:
    """An epoch in memory."""

    images: Tensor
    """Uint8 (n, 28, 28)."""
    labels: Tensor
    taught: Tensor | None
    """Float16 (n, 10)."""


class Decks:
    """Epochs out of a pool."""

    def __init__(self, pool: Pool, kept: int, teachers: Callable[[Tensor], Tensor] | None) -> None:
        """Keep so many epochs, 0 for none; the teachers, where there are any, give probabilities for inputs."""
        self._pool, self._kept, self._teachers = pool, kept, teachers
        self._decks: dict[int, _Deck] = {}

    def epoch(self, seed: int, step: int, number: int) -> Iterator[Batch]:
        """Batches of an epoch; the same arguments give the same ones again, on the same kind of device."""
        if not self._kept:
            return map(self._teach, self._pool.epoch((seed, step, number)))
        return self._deal(self._deck(number % self._kept), (seed, step, number))

    def _teach(self, batch: Batch) -> Batch:
        return Batch(batch.inputs, batch.labels, self._teachers(batch.inputs)) if self._teachers else batch

    def _deck(self, number: int) -> _Deck:
        if number not in self._decks:
            packed = [
                ((batch.inputs[:, 0] * 255).round().byte(), batch.labels, batch.taught)
                for batch in map(self._teach, self._pool.epoch((SEED, number)))
            ]
            images, labels, taught = zip(*packed, strict=True)
            self._decks[number] = _Deck(
                torch.cat(images), torch.cat(labels), torch.cat(taught).half() if self._teachers else None
            )
        return self._decks[number]

    def _deal(self, deck: _Deck, seed: tuple[int, int, int]) -> Iterator[Batch]:
        rng = torch.Generator(deck.images.device).manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        order = torch.randperm(len(deck.labels), generator=rng, device=deck.images.device)
        for rows in torch.split(order, self._pool.batch):
            taught = None if deck.taught is None else deck.taught[rows].float()
            yield Batch(deck.images[rows].unsqueeze(1).float() / 255, deck.labels[rows], taught)
