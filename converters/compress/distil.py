"""Knowledge distillation: a net learns from the soft labels that teachers give to each augmented glyph."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from agent.vision.digits import NOT_A_DIGIT
from converters.nets.tensors import autocast


class Ensemble(nn.Module):
    """Mean of the digit probabilities of several nets: inputs to float32 (n, 10)."""

    def __init__(self, nets: Sequence[nn.Module], temperature: float = 1.0) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)
        self.temperature = temperature

    def forward(self, inputs: Tensor) -> Tensor:
        logits = [net(inputs)[:, :NOT_A_DIGIT].float() / self.temperature for net in self.nets]
        return torch.stack(logits).softmax(dim=2).mean(dim=0)


class Teachers:
    """An ensemble on a device, for inference."""

    def __init__(self, nets: Sequence[nn.Module], temperature: float, device: torch.device) -> None:
        """Move the nets to the device.

        Args:
            nets: nets in evaluation mode.
            temperature: divisor of the logits of the nets.
            device: device of the inputs.
        """
        ensemble = Ensemble(nets, temperature).eval()
        self._ensemble = ensemble.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def __call__(self, inputs: Tensor) -> Tensor:
        """Compute soft labels: probabilities of the ten digits, float32 (n, 10)."""
        with autocast(inputs.device):
            soft_labels: Tensor = self._ensemble(inputs.contiguous(memory_format=torch.channels_last))
        return soft_labels


def distillation_loss(logits: Tensor, soft_labels: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Compute the mean Kullback-Leibler divergence between soft labels and student, times temperature².

    A glyph counts only if the most probable digit of the teachers is its label. The teachers do not know the class "not
    a digit", and teachers that were trained only on MNIST misread other handwriting.

    Args:
        logits: logits of the student, float32 (n, 10 or 11).
        soft_labels: the teachers' probabilities of the ten digits at the same temperature, float32 (n, 10).
        labels: label of each glyph, int64 (n,).
        temperature: divisor of the logits.
    """
    student = functional.log_softmax(logits[:, :NOT_A_DIGIT] / temperature, dim=1)
    divergence = functional.kl_div(student, soft_labels, reduction="none").sum(dim=1) * temperature**2
    return (divergence * (soft_labels.argmax(dim=1) == labels)).mean()
