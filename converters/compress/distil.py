"""Knowledge distillation: a net learns from what teachers make of each glyph as it was varied."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from agent.vision.digits import NOT_A_DIGIT
from converters.nets.tensors import autocast


class Ensemble(nn.Module):
    """Several nets that judge together: inputs to the mean of their probabilities of the ten digits, (n, 10)."""

    def __init__(self, nets: Sequence[nn.Module], temperature: float = 1.0) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)
        self.temperature = temperature

    def forward(self, inputs: Tensor) -> Tensor:
        logits = [net(inputs)[:, :NOT_A_DIGIT].float() / self.temperature for net in self.nets]
        return torch.stack(logits).softmax(dim=2).mean(dim=0)


class Teachers:
    """An ensemble that is asked on a device."""

    def __init__(self, nets: Sequence[nn.Module], temperature: float, device: torch.device) -> None:
        """Take nets in evaluation mode, and what their logits are divided by."""
        ensemble = Ensemble(nets, temperature).eval()
        self._ensemble = ensemble.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def __call__(self, inputs: Tensor) -> Tensor:
        """What they make of inputs: probabilities of the ten digits, float32 (n, 10)."""
        with autocast(inputs.device):
            taught: Tensor = self._ensemble(inputs.contiguous(memory_format=torch.channels_last))
        return taught


def follow(logits: Tensor, taught: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """How far logits are from what teachers said: the mean Kullback-Leibler divergence of a glyph, times temperature².

    Their word counts where the digit they find likeliest is the label: of outliers the labels know enough, and
    teachers that know MNIST alone misread other hands.

    Args:
        logits: float32 (n, 10 or 11).
        taught: the teachers' probabilities of the ten digits at that temperature, float32 (n, 10).
        labels: int64 (n,).
        temperature: what logits are divided by.
    """
    student = functional.log_softmax(logits[:, :NOT_A_DIGIT] / temperature, dim=1)
    apart = functional.kl_div(student, taught, reduction="none").sum(dim=1) * temperature**2
    return (apart * (taught.argmax(dim=1) == labels)).mean()
