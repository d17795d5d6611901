"""Augment the digits that classifiers learn from: geometry, stroke width and camera effects.

A whole batch is augmented at once, on any device; 10,000 glyphs take 0.1 s on a CPU core. Glyphs are not cropped again,
so a digit may be off-centre. `converters.data.augment` augments outliers and contexts, one image at a time.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

ROTATION_RAD = 0.15
"""Standard deviation of the rotation, in radians. All values of this module were chosen by trial."""
SHEAR = 0.20
"""Standard deviation of the horizontal shear, as a tangent."""
LOG_ASPECT = 0.10
"""Standard deviation of the logarithm of the aspect ratio."""
LOG_SCALE = 0.07
"""Standard deviation of the logarithm of the scale."""
SHIFT = 0.06
"""Standard deviation of the shift in x and y, as a share of half a side."""
WARP = 0.05
"""Standard deviation of the smooth displacement at each knot, as a share of half a side."""
KNOTS = 5
"""Number of knots per side of the smooth displacement. More knots bend strokes more sharply."""


@torch.no_grad()
def augment_batch(glyphs: Tensor, strengths: Tensor, rng: torch.Generator) -> Tensor:
    """Augment glyphs.

    Args:
        glyphs: uint8 (n, 28, 28), bright ink on 0.
        strengths: float32 (n,); 0 leaves a glyph unchanged, 1 is full strength for MNIST digits.
        rng: random generator on the device of the glyphs.

    Returns:
        Inputs of nets, float32 (n, 1, 28, 28) in 0..1.
    """
    inputs = glyphs.unsqueeze(1).float() / 255
    random = _Random(strengths, rng)
    warped = functional.grid_sample(inputs, _sampling_grid(inputs, random), align_corners=False)
    return _degrade(_change_strokes(warped, random), random).clamp(0, 1)


class _Random:
    """Random numbers for a batch."""

    def __init__(self, strengths: Tensor, rng: torch.Generator) -> None:
        self._strengths, self._rng = strengths, rng

    def normal(self, deviation: float, *shape: int) -> Tensor:
        """Draw float32 (n, *shape) with mean 0; the standard deviation of a row is `deviation` times its strength."""
        size = (len(self._strengths), *shape)
        values = torch.randn(size, generator=self._rng, device=self._strengths.device)
        return values * deviation * self._strengths.view(-1, *[1] * len(shape))

    def uniform(self, low: float, high: float) -> Tensor:
        """Draw float32 (n, 1, 1, 1), independent of the strength."""
        values = torch.rand(len(self._strengths), generator=self._rng, device=self._strengths.device)
        return (low + (high - low) * values).view(-1, 1, 1, 1)

    def chance(self, probability: float) -> Tensor:
        """Draw bool (n, 1, 1, 1): true with this probability; always false at strength 0."""
        return (self.uniform(0, 1) < probability) & (self._strengths > 0).view(-1, 1, 1, 1)


def _sampling_grid(inputs: Tensor, random: _Random) -> Tensor:
    """Draw the source position of each output pixel, float32 (n, 28, 28, 2) in -1..1.

    It combines rotation, shear, aspect ratio, scale, shift and a smooth random displacement.
    """
    rotation, shear = random.normal(ROTATION_RAD), random.normal(SHEAR)
    aspect, scale = random.normal(LOG_ASPECT).exp(), random.normal(LOG_SCALE).exp()
    cos, sin = rotation.cos() * scale, rotation.sin() * scale
    # A rotation times an upper triangular matrix, as rows: (cos, -sin; sin, cos) (aspect, shear; 0, 1 / aspect).
    rows = [cos * aspect, cos * shear - sin / aspect, sin * aspect, sin * shear + cos / aspect]
    matrix = torch.stack(rows, dim=1).view(-1, 2, 2)
    coefficients = torch.cat([matrix, random.normal(SHIFT, 2, 1), random.normal(WARP, 2, KNOTS**2)], dim=2)
    grid = coefficients @ _basis(inputs.shape[-1]).to(inputs.device)
    return grid.view(-1, 2, *inputs.shape[-2:]).permute(0, 2, 3, 1)


@cache
def _basis(side_px: int) -> Tensor:
    """Compute the basis functions of a grid, float32 (3 + KNOTS², side_px²): x, y, 1, and a smooth bump at each knot.

    The bumps are a bicubic interpolation written as a matrix, which is many times faster for so few knots.
    """
    centres = (2 * torch.arange(side_px) + 1) / side_px - 1
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    knots = torch.eye(KNOTS**2).view(-1, 1, KNOTS, KNOTS)
    bumps = functional.interpolate(knots, (side_px, side_px), mode="bicubic", align_corners=True)
    return torch.cat([torch.stack([x, y, torch.ones_like(x)]), bumps[:, 0]]).flatten(1)


def _change_strokes(ink: Tensor, random: _Random) -> Tensor:
    """Make strokes thinner or thicker, and some edges hard as after a threshold."""
    dilated, eroded = _dilate(ink), -_dilate(-ink)
    width = random.uniform(-0.6, 1.0)
    changed = torch.where(width > 0, ink.lerp(dilated, width), ink.lerp(eroded, -width))
    ink = torch.where(random.chance(0.5), changed, ink)
    hard = ((ink - random.uniform(0.3, 0.5)) * random.uniform(2.0, 6.0) + 0.5).clamp(0, 1)
    return torch.where(random.chance(0.25), hard, ink)


def _dilate(ink: Tensor) -> Tensor:
    """Take the maximum of each pixel and its eight neighbours. It is ten times faster on a CPU than max pooling."""
    rows = functional.pad(ink, (0, 0, 1, 1), value=-1.0)
    vertical = torch.maximum(torch.maximum(rows[..., :-2, :], rows[..., 1:-1, :]), rows[..., 2:, :])
    columns = functional.pad(vertical, (1, 1), value=-1.0)
    return torch.maximum(torch.maximum(columns[..., :-2], columns[..., 1:-1]), columns[..., 2:])


def _degrade(ink: Tensor, random: _Random) -> Tensor:
    """Apply low resolution, blur and multiplicative noise, each to some of the glyphs."""
    coarse = functional.interpolate(functional.avg_pool2d(ink, 2), ink.shape[-2:], mode="bilinear")
    ink = torch.where(random.chance(0.15), coarse, ink)
    blurred = functional.avg_pool2d(ink, 3, 1, 1)
    ink = torch.where(random.chance(0.2), ink.lerp(blurred, random.uniform(0.2, 0.9)), ink)
    noise = functional.interpolate(random.normal(0.15, 1, 14, 14), ink.shape[-2:], mode="bilinear")
    return torch.where(random.chance(0.3), ink * (1 + noise), ink)
