"""Well-known nets, cut to glyphs of 28 × 28: what the tiers are compared with. All tell ten digits and no outliers."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from converters.nets.layers import Stack, convolution

DIGITS = 10


def plain() -> nn.Module:
    """The CNN of countless tutorials: 32 filters of 3×3, max-pooling, 128 dense; 693,962 parameters, 0.9 MMAC."""
    features = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2))
    return Stack(features, nn.Identity(), _dense(32 * 13 * 13, 128, DIGITS))


def lenet5() -> nn.Module:
    """LeNet-5 (LeCun et al., Gradient-based learning applied to document recognition, 1998), with ReLU."""
    features = nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
    )
    return Stack(features, nn.Identity(), _dense(16 * 5 * 5, 120, 84, DIGITS))


def alexnet() -> nn.Module:
    """In the manner of AlexNet: five convolutions, three poolings, dense layers with dropout."""
    features = nn.Sequential(
        *(*convolution(1, 32, kernel=5), nn.MaxPool2d(2)),
        *(*convolution(32, 64), nn.MaxPool2d(2)),
        *convolution(64, 96),
        *convolution(96, 96),
        *(*convolution(96, 64), nn.MaxPool2d(2)),
    )
    head = nn.Sequential(nn.Dropout(0.5), *_dense(64 * 3 * 3, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, DIGITS))
    return Stack(features, nn.Identity(), head)


def vgg() -> nn.Module:
    """In the manner of VGG: pairs of 3×3 convolutions, each pair twice as wide on half the size."""
    features = nn.Sequential(
        *(*convolution(1, 32), *convolution(32, 32), nn.MaxPool2d(2)),
        *(*convolution(32, 64), *convolution(64, 64), nn.MaxPool2d(2)),
        *(*convolution(64, 128), *convolution(128, 128)),
    )
    return Stack(features, nn.AvgPool2d(7), nn.Linear(128, DIGITS))


def resnet() -> nn.Module:
    """In the manner of ResNet: a stem, then six residual blocks on three sizes."""
    features = nn.Sequential(
        *convolution(1, 16),
        *(Residual(16, 16), Residual(16, 16)),
        *(Residual(16, 32, stride=2), Residual(32, 32)),
        *(Residual(32, 64, stride=2), Residual(64, 64)),
    )
    return Stack(features, nn.AvgPool2d(7), nn.Linear(64, DIGITS))


class Residual(nn.Module):
    """Two convolutions, and the input added to what they make of it."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(*convolution(inputs, outputs, stride=stride), *convolution(outputs, outputs)[:2])
        same = inputs == outputs and stride == 1
        self.past = nn.Identity() if same else nn.Sequential(*convolution(inputs, outputs, 1, stride)[:2])
        self.relu = nn.ReLU()

    def forward(self, values: Tensor) -> Tensor:
        result: Tensor = self.relu(self.body(values) + self.past(values))
        return result


def _dense(*widths: int) -> nn.Sequential:
    """Linear layers of these widths, with ReLU between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.ReLU()] * bool(layers) + [nn.Linear(inputs, outputs)]
    return nn.Sequential(*layers)
