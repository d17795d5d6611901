"""Other hands, other pens, other cameras for a whole batch at once, on whatever device it lies.

The same in spirit as `converters.data.augment`, which changes one drawing on the CPU; here nothing is cropped anew, so
a digit may also sit a little beside the middle. A tenth of a second for 10,000 glyphs on a core.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

TURN, SLANT, STRETCH, SIZE, SHIFT, WAVE = 0.15, 0.20, 0.10, 0.07, 0.06, 0.05
"""Standard deviations: radians, tangent, logarithm, logarithm, and shares of half a glyph's side."""
KNOTS = 5
"""A displacement is drawn at so many points a side, and smooth between them."""


@torch.no_grad()
def vary(glyphs: Tensor, strength: Tensor, rng: torch.Generator) -> Tensor:
    """The same glyphs, a little different.

    Args:
        glyphs: uint8 (n, 28, 28), bright ink on 0.
        strength: float32 (n,); 0 leaves a glyph as it is, 1 suits MNIST's clean digits.
        rng: where chance comes from, on the glyphs' device.

    Returns:
        Inputs of nets, float32 (n, 1, 28, 28) in 0..1.
    """
    inputs = glyphs.unsqueeze(1).float() / 255
    chance = _Chance(strength, rng)
    bent = functional.grid_sample(inputs, _bend(inputs, chance), align_corners=False)
    return _degrade(_change_pen(bent, chance), chance).clamp(0, 1)


class _Chance:
    """Random numbers for a batch, each row's in proportion to its strength."""

    def __init__(self, strength: Tensor, rng: torch.Generator) -> None:
        self._strength, self._rng = strength, rng

    def normal(self, deviation: float, *shape: int) -> Tensor:
        """Float32 (n, *shape), around 0."""
        size = (len(self._strength), *shape)
        drawn = torch.randn(size, generator=self._rng, device=self._strength.device)
        return drawn * deviation * self._strength.view(-1, *[1] * len(shape))

    def uniform(self, low: float, high: float) -> Tensor:
        """Float32 (n, 1, 1, 1), whatever the strength."""
        drawn = torch.rand(len(self._strength), generator=self._rng, device=self._strength.device)
        return (low + (high - low) * drawn).view(-1, 1, 1, 1)

    def sometimes(self, share: float) -> Tensor:
        """Bool (n, 1, 1, 1): true for so many of the rows that are varied at all."""
        return (self.uniform(0, 1) < share) & (self._strength > 0).view(-1, 1, 1, 1)


def _bend(inputs: Tensor, chance: _Chance) -> Tensor:
    """Where each output pixel comes from: rotation, slant, aspect, size, shift, and a smooth random displacement."""
    turn, slant = chance.normal(TURN), chance.normal(SLANT)
    stretch, size = chance.normal(STRETCH).exp(), chance.normal(SIZE).exp()
    cos, sin = turn.cos() * size, turn.sin() * size
    # A rotation times an upper triangle, as rows: (cos, -sin; sin, cos) (stretch, slant; 0, 1 / stretch).
    rows = [cos * stretch, cos * slant - sin / stretch, sin * stretch, sin * slant + cos / stretch]
    matrix = torch.stack(rows, dim=1).view(-1, 2, 2)
    moves = torch.cat([matrix, chance.normal(SHIFT, 2, 1), chance.normal(WAVE, 2, KNOTS**2)], dim=2)
    grid = moves @ _basis(inputs.shape[-1]).to(inputs.device)
    return grid.view(-1, 2, *inputs.shape[-2:]).permute(0, 2, 3, 1)


@cache
def _basis(side_px: int) -> Tensor:
    """What displacements are sums of, float32 (3 + KNOTS², side_px²): each pixel's x and y, 1, and a bump at each knot.

    The bumps are a bicubic interpolation written as a matrix, which is many times faster for so few knots.
    """
    at = (2 * torch.arange(side_px) + 1) / side_px - 1
    y, x = torch.meshgrid(at, at, indexing="ij")
    knots = torch.eye(KNOTS**2).view(-1, 1, KNOTS, KNOTS)
    bumps = functional.interpolate(knots, (side_px, side_px), mode="bicubic", align_corners=True)
    return torch.cat([torch.stack([x, y, torch.ones_like(x)]), bumps[:, 0]]).flatten(1)


def _change_pen(ink: Tensor, chance: _Chance) -> Tensor:
    """A finer or a broader pen, at times with hard edges as a threshold leaves them."""
    broader, finer = _widen(ink), -_widen(-ink)
    width = chance.uniform(-0.6, 1.0)
    drawn = torch.where(width > 0, ink.lerp(broader, width), ink.lerp(finer, -width))
    ink = torch.where(chance.sometimes(0.5), drawn, ink)
    hard = ((ink - chance.uniform(0.3, 0.5)) * chance.uniform(2.0, 6.0) + 0.5).clamp(0, 1)
    return torch.where(chance.sometimes(0.25), hard, ink)


def _widen(ink: Tensor) -> Tensor:
    """The largest of each pixel and its eight neighbours; a max-pooling, but ten times faster on a CPU."""
    rows = functional.pad(ink, (0, 0, 1, 1), value=-1.0)
    tallest = torch.maximum(torch.maximum(rows[..., :-2, :], rows[..., 1:-1, :]), rows[..., 2:, :])
    sides = functional.pad(tallest, (1, 1), value=-1.0)
    return torch.maximum(torch.maximum(sides[..., :-2], sides[..., 1:-1]), sides[..., 2:])


def _degrade(ink: Tensor, chance: _Chance) -> Tensor:
    """Few pixels, blur, and grain on the ink."""
    coarse = functional.interpolate(functional.avg_pool2d(ink, 2), ink.shape[-2:], mode="bilinear")
    ink = torch.where(chance.sometimes(0.15), coarse, ink)
    blurred = functional.avg_pool2d(ink, 3, 1, 1)
    ink = torch.where(chance.sometimes(0.2), ink.lerp(blurred, chance.uniform(0.2, 0.9)), ink)
    grain = functional.interpolate(chance.normal(0.15, 1, 14, 14), ink.shape[-2:], mode="bilinear")
    return torch.where(chance.sometimes(0.3), ink * (1 + grain), ink)
