"""Images to a model's input, and its output to logits: the only place that knows of quantization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profiles.manifest import INPUT_SHAPES, Manifest, Role, Tensor

PIXELS = np.arange(256)
"""All values of a pixel; the real value is the pixel / 255."""


def encoder(tensor: Tensor) -> Callable[[NDArray[np.uint8]], NDArray[Any]]:
    """A function from images, uint8 (n, ...), to the model's input, (n, *tensor.shape) of tensor.dtype.

    A model takes an image's values in the order in which they lie; one that wants another order turns them itself.

    Stored value = round(pixel / 255 / scale) + zero_point. With the usual scale of 1/255 and zero point of -128
    that is the pixel with its top bit flipped: exact, and as cheap as a copy.
    """
    shape = (-1, *tensor.shape)
    if tensor.dtype == "float32":
        factor = np.float32(1 / (255 * tensor.scale))
        return lambda images: np.multiply(images, factor, dtype=np.float32).reshape(shape)
    stored = np.clip(np.rint(PIXELS / (255 * tensor.scale)) + tensor.zero_point, -128, 127).astype(np.int8)
    if np.array_equal(stored, PIXELS - 128):
        return lambda images: (images ^ np.uint8(0x80)).view(np.int8).reshape(shape)
    return lambda images: stored[images].reshape(shape)


def decode(output: NDArray[Any], tensor: Tensor) -> NDArray[np.float32]:
    """Logits, float32 (n, classes), from a model's output: (stored value - zero_point) * scale."""
    stored = output.reshape(len(output), -1).astype(np.float32)
    return (stored - np.float32(tensor.zero_point)) * np.float32(tensor.scale)


def golden_inputs(manifest: Manifest, role: Role) -> NDArray[np.uint8]:
    """What the golden vectors of a role are logits of, uint8 (n, *INPUT_SHAPES[role])."""
    return np.frombuffer(manifest.golden_inputs.get(role, b""), np.uint8).reshape(-1, *INPUT_SHAPES[role])
