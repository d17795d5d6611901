"""Epochs of a run: made anew, or a few that are augmented and labelled once, then shuffled and used again.

For a small net on a CPU, augmentation and teachers take many times longer than the training itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from converters.train.learn import Batch
from converters.train.phase import OnPhase, Phase, ignore_phase
from converters.train.pool import GlyphPool, generator

CACHE_SEED = 0
"""Seed of the cached epochs. It is the same for all runs, so their seeds only change initial weights and order."""


@dataclass(frozen=True, eq=False)
class _CachedEpoch:
    images: Tensor
    """Augmented glyphs, uint8 (n, 28, 28)."""
    labels: Tensor
    """Label of each glyph, int64 (n,)."""
    soft_labels: Tensor | None
    """Teachers' probabilities of the ten digits, float16 (n, 10); None without teachers."""


class EpochCache:
    """Source of all epochs of a run."""

    def __init__(
        self,
        pool: GlyphPool,
        size: int,
        teachers: Callable[[Tensor], Tensor] | None,
        on_phase: OnPhase = ignore_phase,
    ) -> None:
        """Create a cache without computing anything yet.

        Args:
            pool: glyphs to draw epochs from.
            size: number of epochs to keep; 0 makes each epoch anew.
            teachers: compute soft labels from inputs; None without teachers.
            on_phase: called after every batch of a kept epoch is made.
        """
        self._pool, self._size, self._teachers, self._on_phase = pool, size, teachers, on_phase
        self._epochs: dict[int, _CachedEpoch] = {}

    def epoch(self, seed: int, step: int, number: int) -> Iterator[Batch]:
        """Yield the batches of an epoch; the same arguments give the same batches on the same kind of device.

        Args:
            seed: seed of the run.
            step: number of the recipe's step, from 0.
            number: number of the epoch in the step, from 0.
        """
        if not self._size:
            return map(self._add_soft_labels, self._pool.epoch((seed, step, number)))
        return self._shuffled(self._cached(number % self._size), (seed, step, number))

    def _add_soft_labels(self, batch: Batch) -> Batch:
        return Batch(batch.inputs, batch.labels, self._teachers(batch.inputs)) if self._teachers else batch

    def _cached(self, number: int) -> _CachedEpoch:
        if number not in self._epochs:
            per_epoch, parts = self._pool.batches_per_epoch, []
            for index, batch in enumerate(map(self._add_soft_labels, self._pool.epoch((CACHE_SEED, number)))):
                self._on_phase(Phase("preparing batches", number * per_epoch + index + 1, self._size * per_epoch))
                parts.append(((batch.inputs[:, 0] * 255).round().byte(), batch.labels, batch.soft_labels))
            images, labels, soft_labels = zip(*parts, strict=True)
            self._epochs[number] = _CachedEpoch(
                torch.cat(images), torch.cat(labels), torch.cat(soft_labels).half() if self._teachers else None
            )
        return self._epochs[number]

    def _shuffled(self, epoch: _CachedEpoch, seed: tuple[int, int, int]) -> Iterator[Batch]:
        device = epoch.images.device
        order = torch.randperm(len(epoch.labels), generator=generator(seed, device), device=device)
        for rows in torch.split(order, self._pool.batch_size):
            soft_labels = None if epoch.soft_labels is None else epoch.soft_labels[rows].float()
            yield Batch(epoch.images[rows].unsqueeze(1).float() / 255, epoch.labels[rows], soft_labels)
