"""Well-known nets, adapted to glyphs of 28 × 28 pixels, to compare the tiers with. All have ten classes, the digits."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from converters.nets.layers import ConvNet, convolution

DIGITS = 10


def plain() -> nn.Module:
    """The small CNN of many tutorials: 32 filters of 3×3, max pooling, 128 dense units.

    It has 693,962 parameters and takes 0.9 million multiply-accumulates a glyph.
    """
    features = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2))
    return ConvNet(features, nn.Identity(), _dense(32 * 13 * 13, 128, DIGITS))


def lenet5() -> nn.Module:
    """LeNet-5 with ReLU (LeCun et al., Gradient-Based Learning Applied to Document Recognition, 1998)."""
    features = nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
    )
    return ConvNet(features, nn.Identity(), _dense(16 * 5 * 5, 120, 84, DIGITS))


def alexnet() -> nn.Module:
    """Net similar to AlexNet: five convolutions, three poolings, and dense layers with dropout."""
    features = nn.Sequential(
        *(*convolution(1, 32, kernel=5), nn.MaxPool2d(2)),
        *(*convolution(32, 64), nn.MaxPool2d(2)),
        *convolution(64, 96),
        *convolution(96, 96),
        *(*convolution(96, 64), nn.MaxPool2d(2)),
    )
    head = nn.Sequential(nn.Dropout(0.5), *_dense(64 * 3 * 3, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, DIGITS))
    return ConvNet(features, nn.Identity(), head)


def vgg() -> nn.Module:
    """Net similar to VGG: pairs of 3×3 convolutions; each pair has twice the channels at half the resolution."""
    features = nn.Sequential(
        *(*convolution(1, 32), *convolution(32, 32), nn.MaxPool2d(2)),
        *(*convolution(32, 64), *convolution(64, 64), nn.MaxPool2d(2)),
        *(*convolution(64, 128), *convolution(128, 128)),
    )
    return ConvNet(features, nn.AvgPool2d(7), nn.Linear(128, DIGITS))


def resnet() -> nn.Module:
    """Net similar to ResNet: one convolution, then six residual blocks at three resolutions."""
    features = nn.Sequential(
        *convolution(1, 16),
        *(ResidualBlock(16, 16), ResidualBlock(16, 16)),
        *(ResidualBlock(16, 32, stride=2), ResidualBlock(32, 32)),
        *(ResidualBlock(32, 64, stride=2), ResidualBlock(64, 64)),
    )
    return ConvNet(features, nn.AvgPool2d(7), nn.Linear(64, DIGITS))


class ResidualBlock(nn.Module):
    """Two convolutions whose result is added to the input."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(*convolution(inputs, outputs, stride=stride), *convolution(outputs, outputs)[:2])
        same = inputs == outputs and stride == 1
        # The shortcut is called `past` in saved checkpoints.
        self.past = nn.Identity() if same else nn.Sequential(*convolution(inputs, outputs, 1, stride)[:2])
        self.relu = nn.ReLU()

    def forward(self, values: Tensor) -> Tensor:
        total: Tensor = self.relu(self.body(values) + self.past(values))
        return total


def _dense(*widths: int) -> nn.Sequential:
    """Build linear layers of these widths, with ReLU between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.ReLU()] * bool(layers) + [nn.Linear(inputs, outputs)]
    return nn.Sequential(*layers)
