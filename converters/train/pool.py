"""All glyphs that a run may learn from, in the memory of the device that learns: an epoch is an order to fetch them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agent.vision.digits import NOT_A_DIGIT
from converters.data.labelled import LabelledGlyphs, concatenate
from converters.train.batch_augmentation import vary
from converters.train.learn import Batch


@dataclass(frozen=True, eq=False)
class Part:
    """Glyphs of one kind."""

    glyphs: LabelledGlyphs
    count: int
    """How many of them an epoch has."""
    strength: float
    """How much they are varied, as `vary` takes it."""


def halves(glyphs: LabelledGlyphs, count: int, strength: float) -> list[Part]:
    """Digits and outliers as two parts of the same count, whatever their shares are."""
    shows_digit = glyphs.labels != NOT_A_DIGIT
    sides = (LabelledGlyphs(glyphs.images[side], glyphs.labels[side]) for side in (shows_digit, ~shows_digit))
    return [Part(side, count // 2, strength) for side in sides]


class Pool:
    """Glyphs on a device, and epochs of them."""

    def __init__(self, parts: Sequence[Part], batch: int, device: torch.device) -> None:
        self._parts = [part for part in parts if len(part.glyphs)]
        self.batch, self._device = batch, device
        every = concatenate([part.glyphs for part in self._parts])
        self._images = torch.tensor(every.images, device=device)
        self._labels = torch.tensor(every.labels, device=device)
        self.batches_an_epoch = sum(part.count for part in self._parts) // batch

    def epoch(self, seed: Sequence[int]) -> Iterator[Batch]:
        """Batches of a new epoch; the same seed gives the same ones again, on the same kind of device."""
        rng = torch.Generator(self._device).manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        chosen, strength = self._choose(rng)
        for i in range(self.batches_an_epoch):
            rows = slice(i * self.batch, (i + 1) * self.batch)
            yield Batch(vary(self._images[chosen[rows]], strength[rows], rng), self._labels[chosen[rows]])

    def sample(self, seed: Sequence[int], count: int) -> NDArray[np.uint8]:
        """Some glyphs as an epoch would have them, uint8 (about count, 28, 28), in the CPU's memory."""
        enough = -(-count // self.batch)
        inputs = [batch.inputs for batch in islice(self.epoch(seed), enough)]
        return (torch.cat(inputs)[:count, 0] * 255).round().byte().cpu().numpy()

    def _choose(self, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Rows of an epoch in random order, int64 (n,), and how much each is varied, float32 (n,)."""
        sizes = np.cumsum([0, *(len(part.glyphs) for part in self._parts)]).tolist()
        chosen = []
        for part, (start, end) in zip(self._parts, pairwise(sizes), strict=True):
            if part.count <= end - start:
                rows = torch.randperm(end - start, generator=rng, device=self._device)[: part.count]
            else:
                rows = torch.randint(end - start, (part.count,), generator=rng, device=self._device)
            chosen.append(start + rows)
        counts = torch.tensor([part.count for part in self._parts], device=self._device)
        strengths = torch.tensor([part.strength for part in self._parts], device=self._device)
        order = torch.randperm(int(counts.sum()), generator=rng, device=self._device)
        return torch.cat(chosen)[order], strengths.repeat_interleave(counts)[order]
