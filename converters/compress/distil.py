"""Knowledge distillation: teachers' soft labels, computed on each batch as it was varied."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from agent.vision.digits import NOT_A_DIGIT
from converters.recipe import Distil
from converters.train.learn import Loss


class Ensemble(nn.Module):
    """Several nets that judge together: inputs to the mean of their probabilities of the ten digits, (n, 10)."""

    def __init__(self, nets: Sequence[nn.Module], temperature: float = 1.0) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)
        self.temperature = temperature

    def forward(self, inputs: Tensor) -> Tensor:
        logits = [net(inputs)[:, :NOT_A_DIGIT].float() / self.temperature for net in self.nets]
        return torch.stack(logits).softmax(dim=2).mean(dim=0)


def distilling(loss: Loss, teachers: Sequence[nn.Module], recipe: Distil, device: torch.device) -> Loss:
    """A loss that also asks the teachers.

    Their word counts for digits alone: of outliers the labels know enough, and some teachers know none.

    Args:
        loss: against the labels.
        teachers: nets in evaluation mode.
        recipe: how much they count.
        device: where the batches lie.
    """
    ensemble = Ensemble(teachers, recipe.temperature).to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]

    def both(inputs: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            soft = ensemble(inputs.contiguous(memory_format=torch.channels_last))
        student = functional.log_softmax(logits[:, :NOT_A_DIGIT].float() / recipe.temperature, dim=1)
        apart = functional.kl_div(student, soft, reduction="none").sum(dim=1) * recipe.temperature**2
        taught = (apart * (labels != NOT_A_DIGIT)).mean()
        return recipe.trust * taught + (1 - recipe.trust) * loss(inputs, logits, labels)

    return both
