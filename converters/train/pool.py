"""A pool of all glyphs that a run learns from, in the memory of the training device; epochs are drawn from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agent.vision.digits import NOT_A_DIGIT
from converters.data.labelled import LabelledImages, concatenate
from converters.train.digit_augmentation import augment_batch
from converters.train.learn import Batch


@dataclass(frozen=True, eq=False)
class PoolPart:
    """Glyphs of one kind."""

    glyphs: LabelledImages
    count: int
    """Number of these glyphs in an epoch."""
    strength: float
    """Strength of their augmentation, see `augment_batch`."""


def balanced_parts(glyphs: LabelledImages, count: int, strength: float) -> list[PoolPart]:
    """Split glyphs into digits and outliers, two parts with the same number of glyphs in an epoch."""
    shows_digit = glyphs.labels != NOT_A_DIGIT
    sides = (LabelledImages(glyphs.images[side], glyphs.labels[side]) for side in (shows_digit, ~shows_digit))
    return [PoolPart(side, count // 2, strength) for side in sides]


class GlyphPool:
    """Glyphs on a device."""

    def __init__(self, parts: Sequence[PoolPart], batch_size: int, device: torch.device) -> None:
        """Copy the glyphs of all parts to the device."""
        self._parts = [part for part in parts if len(part.glyphs)]
        self.batch_size, self._device = batch_size, device
        all_glyphs = concatenate([part.glyphs for part in self._parts])
        self._images = torch.tensor(all_glyphs.images, device=device)
        self._labels = torch.tensor(all_glyphs.labels, device=device)
        self.batches_per_epoch = sum(part.count for part in self._parts) // batch_size

    def epoch(self, seed: Sequence[int]) -> Iterator[Batch]:
        """Yield the batches of an epoch; the same seed gives the same batches on the same kind of device."""
        rng = generator(seed, self._device)
        rows, strengths = self._choose(rng)
        for i in range(self.batches_per_epoch):
            part = slice(i * self.batch_size, (i + 1) * self.batch_size)
            inputs = augment_batch(self._images[rows[part]], strengths[part], rng)
            yield Batch(inputs, self._labels[rows[part]])

    def sample(self, seed: Sequence[int], count: int) -> NDArray[np.uint8]:
        """Return the first `count` glyphs of an epoch, uint8 (at most count, 28, 28), on the CPU."""
        batches = -(-count // self.batch_size)
        inputs = [batch.inputs for batch in islice(self.epoch(seed), batches)]
        return (torch.cat(inputs)[:count, 0] * 255).round().byte().cpu().numpy()

    def _choose(self, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Choose the glyphs of an epoch: rows in random order, int64 (n,), and their strengths, float32 (n,)."""
        ends = np.cumsum([0, *(len(part.glyphs) for part in self._parts)]).tolist()
        chosen = []
        for part, (start, end) in zip(self._parts, pairwise(ends), strict=True):
            if part.count <= end - start:
                rows = torch.randperm(end - start, generator=rng, device=self._device)[: part.count]
            else:
                rows = torch.randint(end - start, (part.count,), generator=rng, device=self._device)
            chosen.append(start + rows)
        counts = torch.tensor([part.count for part in self._parts], device=self._device)
        strengths = torch.tensor([part.strength for part in self._parts], device=self._device)
        order = torch.randperm(int(counts.sum()), generator=rng, device=self._device)
        return torch.cat(chosen)[order], strengths.repeat_interleave(counts)[order]


def generator(seed: Sequence[int], device: torch.device) -> torch.Generator:
    """Create a random generator on a device from a seed of several numbers."""
    return torch.Generator(device).manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
