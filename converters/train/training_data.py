"""Everything that all runs of a classifier's recipe share: epochs, loss and teachers, on the training device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agent.vision.digits import NOT_A_DIGIT
from converters.compress.distil import Ensemble, Teachers, distillation_loss
from converters.export.cost import measure_cost
from converters.nets import build_net
from converters.recipe import ClassifierRecipe
from converters.report.log import StepRow
from converters.train.dataset import Dataset
from converters.train.epoch_cache import EpochCache
from converters.train.learn import Batch, Loss, accuracy, default_device
from converters.train.phase import OnPhase, ignore_phase
from converters.train.pool import GlyphPool

RANGE_EXAMPLES = 4000
"""Number of examples that int8 ranges are measured on. More examples take longer and widen the ranges a little."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Shared parts of all runs of a recipe."""

    recipe: ClassifierRecipe
    dataset: Dataset
    device: torch.device
    pool: GlyphPool
    epochs: EpochCache
    loss: Loss
    teacher_rows: tuple[StepRow, ...] = ()
    """Row about the ensemble of teachers, for the log; empty without teachers."""

    def range_sample(self, seed: int) -> NDArray[np.uint8]:
        """Return glyphs to measure int8 ranges on, uint8 (RANGE_EXAMPLES, 28, 28), drawn apart from all epochs."""
        return self.pool.sample((seed, len(self.recipe.steps), 1), RANGE_EXAMPLES)


def prepare_training_data(
    recipe: ClassifierRecipe, dataset: Dataset, teachers: Sequence[nn.Module], on_phase: OnPhase = ignore_phase
) -> TrainingData:
    """Move examples and teachers to the default device.

    Args:
        recipe: settings of the runs.
        dataset: examples.
        teachers: nets in evaluation mode; empty if the recipe has no distillation.
        on_phase: called while epochs are prepared that are used again.
    """
    device = default_device()
    pool = GlyphPool(dataset.parts, recipe.batch_size, device)
    classes = build_net(recipe.net)(torch.zeros(2, 1, 28, 28)).shape[1]
    class_weights = torch.ones(classes, device=device)
    class_weights[NOT_A_DIGIT:] = recipe.outlier_loss_weight
    distillation = recipe.distillation

    def loss(logits: Tensor, batch: Batch) -> Tensor:
        hard = nn.functional.cross_entropy(logits, batch.labels, weight=class_weights)
        if distillation is None or batch.soft_labels is None:
            return hard
        soft = distillation_loss(logits, batch.soft_labels, batch.labels, distillation.temperature)
        return distillation.soft_label_weight * soft + (1 - distillation.soft_label_weight) * hard

    ensemble = Teachers(teachers, distillation.temperature, device) if distillation else None
    return TrainingData(
        recipe=recipe,
        dataset=dataset,
        device=device,
        pool=pool,
        epochs=EpochCache(pool, recipe.cached_epochs, ensemble, on_phase),
        loss=loss,
        teacher_rows=(_evaluate_teachers(teachers, dataset, device),) if teachers else (),
    )


def _evaluate_teachers(teachers: Sequence[nn.Module], dataset: Dataset, device: torch.device) -> StepRow:
    """Measure cost and accuracy of the ensemble of teachers."""
    ensemble = Ensemble(teachers).to(device).eval()
    cost = measure_cost(ensemble, torch.zeros(1, 1, 28, 28, device=device))
    return StepRow(
        do="teachers",
        epochs=0,
        minutes=0.0,
        held_out=accuracy(ensemble, dataset.held_out),
        test=accuracy(ensemble, dataset.test),
        parameters=cost.parameters,
        macs=cost.macs,
    )
