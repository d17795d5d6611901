"""Strips that a recogniser learns from, made in processes of their own, one epoch ahead of the training."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.line_text import BLANK
from converters.data.labelled import LabelledImages
from converters.data.strips.compose import Writing, load_writing
from converters.data.strips.real import RealStrip, splice, vary_strip
from converters.data.strips.render import draw_strip
from converters.recipe import RecogniserRecipe
from converters.worker import end_with_parent
from profiles.errors import TrainingError

PARTS = 4
"""Number of parts of an epoch, which are made in parallel. It is fixed, so that the strips do not depend on the CPU."""
MAX_WIDTH_PX = 448
"""Width of the widest strip to learn from. A real strip that is wider is not used."""


class LabelledStrip(NamedTuple):
    """A strip and its text."""

    image: NDArray[np.uint8]
    """The strip, uint8 (2, 32, w), see `agent.vision.strip`."""
    text: str
    classes: int = BLANK
    """Number of classes that the text covers, from the first one: the digits, the digits and signs, or all."""


@dataclass(frozen=True, eq=False)
class StripBatch:
    """Strips of equal width, with empty paper behind the narrower ones."""

    images: NDArray[np.uint8]
    """The strips, uint8 (n, 2, 32, w)."""
    texts: tuple[str, ...]
    classes: NDArray[np.int64]
    """Number of classes that each text covers, int64 (n,), see `LabelledStrip.classes`."""


@dataclass(frozen=True, eq=False)
class StripSources:
    """What strips are made of."""

    recipe: RecogniserRecipe
    handwriting: Path
    """Folder with pen strokes."""
    digits: LabelledImages
    """Pictures of digits."""
    pictures: Sequence[RealStrip]
    fields: Sequence[RealStrip]
    """Strips of rendered form fields."""


def to_batches(strips: Sequence[LabelledStrip], size: int) -> list[StripBatch]:
    """Return strips in batches of `size`, in the order of their widths; the last batch may be smaller."""
    ordered = sorted(strips, key=lambda strip: strip.image.shape[2])
    parts = [ordered[i : i + size] for i in range(0, len(ordered), size)]
    return [
        StripBatch(
            np.stack([_pad(strip.image, part[-1].image.shape[2]) for strip in part]),
            tuple(strip.text for strip in part),
            np.array([strip.classes for strip in part]),
        )
        for part in parts
    ]


def make_batches(rng: np.random.Generator, sources: StripSources, writing: Writing, count: int) -> list[StripBatch]:
    """Make training batches.

    Args:
        rng: random generator; the same state gives the same batches.
        sources: recipe and real strips.
        writing: handwriting to draw strips from.
        count: number of batches.
    """
    size = sources.recipe.batch_size
    return to_batches([_make_one(rng, sources, writing) for _ in range(count * size)], size)


def epochs_ahead(sources: StripSources, seed: int, epochs: Sequence[int]) -> Iterator[list[StripBatch]]:
    """Yield the batches of each epoch in random order, while other processes make the next epoch.

    Args:
        sources: what the strips are made of.
        seed: seed of the run.
        epochs: numbers of the epochs; the same seed and number give the same batches.

    Raises:
        TrainingError: a process was killed.
    """
    workers = min(PARTS, os.cpu_count() or 1)
    executor = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start, (sources,))

    def submit(epoch: int) -> list[Future[list[StripBatch]]]:
        return [executor.submit(_make_part, (seed, epoch), part) for part in range(PARTS)]

    try:
        following = submit(epochs[0])
        for epoch, after in zip_longest(epochs, epochs[1:]):
            current, following = following, [] if after is None else submit(after)
            batches = list(chain.from_iterable(part.result() for part in current))
            order = np.random.default_rng((seed, epoch)).permutation(len(batches))
            yield [batches[i] for i in order]
    except BrokenProcessPool as error:
        raise TrainingError("a process that made strips was killed", advice="free memory and try again") from error
    finally:
        executor.shutdown(cancel_futures=True)


def _make_one(rng: np.random.Generator, sources: StripSources, writing: Writing) -> LabelledStrip:
    """Draw a strip, or vary one from a picture or a form field, in the shares of the recipe."""
    recipe = sources.recipe
    while True:
        kind = rng.random()
        real: Sequence[RealStrip] = ()
        if kind < recipe.picture_share:
            real = sources.pictures
        elif kind < recipe.picture_share + recipe.field_share:
            real = sources.fields
        if real:
            chosen = real[int(rng.integers(len(real)))]
            if rng.random() < recipe.splice_share:
                chosen = splice(rng, chosen, real[int(rng.integers(len(real)))])
            strip = LabelledStrip(vary_strip(rng, chosen.image), chosen.text, chosen.classes)
        else:
            strip = LabelledStrip(*draw_strip(rng, writing))
        if strip.image.shape[2] <= MAX_WIDTH_PX:
            return strip


def _pad(image: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    return np.pad(image, ((0, 0), (0, 0), (0, width - image.shape[2])))


_loaded: list[tuple[StripSources, Writing]] = []
"""Sources and handwriting of a worker process; one element."""


def _start(sources: StripSources) -> None:
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C stops the parent, which stops its workers
    cv2.setNumThreads(1)
    _loaded.append((sources, load_writing(sources.handwriting, sources.digits, held_out=False)))


def _make_part(seed: tuple[int, int], part: int) -> list[StripBatch]:
    sources, writing = _loaded[0]
    ends = [sources.recipe.batches_per_epoch * i // PARTS for i in range(PARTS + 1)]
    return make_batches(np.random.default_rng((*seed, part, 1)), sources, writing, ends[part + 1] - ends[part])
