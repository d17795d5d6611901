"""What all runs of a recipe learn with, whatever their seed: made once, and kept on the device that learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agent.vision.digits import NOT_A_DIGIT
from converters.compress.distil import Ensemble, Teachers, follow
from converters.export.cost import measure_cost
from converters.nets import build_net
from converters.recipe import StepsRecipe
from converters.report.log import StepRow
from converters.train.dataset import Gathered
from converters.train.epoch_cache import Decks
from converters.train.learn import Batch, Loss, accuracy, device_at_hand
from converters.train.pool import Pool

RANGE_EXAMPLES = 4000
"""Examples that int8 ranges are measured on."""


@dataclass(frozen=True, eq=False)
class Material:
    """Epochs, a loss, and what they are of."""

    recipe: StepsRecipe
    gathered: Gathered
    device: torch.device
    decks: Decks
    epoch_batches: int
    loss: Loss
    pool: Pool
    taught_by: tuple[StepRow, ...] = ()
    """A row about the teachers, judged together, where there are any."""

    def sample(self, seed: int) -> NDArray[np.uint8]:
        """Glyphs to measure int8 ranges on, uint8 (RANGE_EXAMPLES, 28, 28): none of an epoch's."""
        return self.pool.sample((seed, len(self.recipe.steps), 1), RANGE_EXAMPLES)


def prepare_material(recipe: StepsRecipe, gathered: Gathered, teachers: Sequence[nn.Module]) -> Material:
    """Put everything on the device at hand.

    Args:
        recipe: what to do.
        gathered: what to learn from.
        teachers: nets in evaluation mode, where the recipe distils.
    """
    device = device_at_hand()
    pool = Pool(gathered.parts, recipe.batch, device)
    classes = build_net(recipe.net)(torch.zeros(2, 1, 28, 28)).shape[1]
    weight = torch.ones(classes, device=device)
    weight[NOT_A_DIGIT:] = recipe.outlier_weight
    distil = recipe.distil

    def loss(logits: Tensor, batch: Batch) -> Tensor:
        own = nn.functional.cross_entropy(logits, batch.labels, weight=weight)
        if distil is None or batch.taught is None:
            return own
        return distil.trust * follow(logits, batch.taught, batch.labels, distil.temperature) + (1 - distil.trust) * own

    taught = Teachers(teachers, distil.temperature, device) if distil else None
    return Material(
        recipe=recipe,
        gathered=gathered,
        device=device,
        decks=Decks(pool, recipe.decks, taught),
        epoch_batches=pool.batches_an_epoch,
        loss=loss,
        pool=pool,
        taught_by=(_judge(teachers, gathered, device),) if teachers else (),
    )


def _judge(teachers: Sequence[nn.Module], gathered: Gathered, device: torch.device) -> StepRow:
    """What teachers cost and reach together."""
    together = Ensemble(teachers).to(device).eval()
    cost = measure_cost(together, torch.zeros(1, 1, 28, 28, device=device))
    return StepRow(
        do="teachers",
        epochs=0,
        minutes=0.0,
        held_out=accuracy(together, gathered.held_out),
        test=accuracy(together, gathered.test),
        parameters=cost.parameters,
        macs=cost.macs,
    )
