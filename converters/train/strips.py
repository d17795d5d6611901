"""Load and render the strips that a recogniser's recipe asks for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from converters.data.strips.compose import load_writing
from converters.data.strips.real import RealStrip
from converters.data.strips.render import draw_strip
from converters.recipe import RecogniserRecipe
from converters.train.dataset import Sources, load_training_split
from converters.train.phase import Phase
from converters.train.prepare import Preparation
from converters.train.real_strips import FieldSettings, cut_fields, cut_pictures, usual_size
from converters.train.strip_batches import LabelledStrip, StripBatch, StripSources, to_batches
from profiles.errors import UsageError


def load_strips(
    recipe: RecogniserRecipe, sources: Sources, seed: int, preparation: Preparation
) -> tuple[StripSources, list[StripBatch]]:
    """Load pen strokes, cut real pictures, and render form fields.

    Args:
        recipe: numbers and shares of strips.
        sources: folders with examples.
        seed: seed of the run.
        preparation: prepares the strips of pictures and fields, and reports the phases.

    Returns:
        What training strips are made of; and held-out strips: by held-out writers, of held-out pictures, and of fields
        with held-out digits.

    Raises:
        UsageError: there is no folder of handwriting.
        DatasetError: a data set is missing or damaged.
        TrainingError: a process was killed.
        OutputError: the strips cannot be kept.
    """
    if sources.handwriting is None:
        raise UsageError(
            f"recipe {recipe.name} draws lines from pen strokes", advice="name their folder with --handwriting"
        )
    digits, held_out_digits = load_training_split(sources.mnist)
    writing = load_writing(sources.handwriting, held_out_digits, held_out=True)
    rng = np.random.default_rng((seed, 1, 1))
    drawn = []
    for number in range(recipe.held_out_lines):
        drawn.append(LabelledStrip(*draw_strip(rng, writing)))
        preparation.on_phase(Phase("drawing held-out lines", number + 1, recipe.held_out_lines))
    held_out_fields = FieldSettings(held_out_digits, sources.fonts, (seed, 1, 2))
    held_out = [
        *drawn,
        *_first_strips(cut_pictures(sources.pictures, preparation, held_out=True)),
        *_first_strips(
            cut_fields(held_out_fields, recipe.held_out_fields, preparation, "rendering held-out form fields")
        ),
    ]
    pictures = list(chain.from_iterable(cut_pictures(sources.pictures, preparation, held_out=False)))
    settings = FieldSettings(digits, sources.fonts, (seed, 1, 3))
    fields = list(chain.from_iterable(cut_fields(settings, recipe.rendered_fields, preparation)))
    training = StripSources(recipe, sources.handwriting, digits, pictures, fields)
    return training, to_batches(held_out, recipe.batch_size)


def _first_strips(pictures: Sequence[Sequence[RealStrip]]) -> list[LabelledStrip]:
    """Return the first strip of each picture as the board would cut it."""
    return [LabelledStrip(usual_size(strips[0]), strips[0].text, strips[0].classes) for strips in pictures if strips]
