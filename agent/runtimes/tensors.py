"""Conversion of images to a model's input and of its output to logits: the only module that handles quantization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profiles.manifest import INPUT_SHAPES, Manifest, Role, Tensor

PIXEL_VALUES = np.arange(256)


def encoder(tensor: Tensor) -> Callable[[NDArray[np.uint8]], NDArray[Any]]:
    """Return a function that converts images, uint8 (n, ...), to the model's input, (n, *tensor.shape).

    The memory order of the values does not change; a model that needs another order transposes its input itself.

    Stored value = round(pixel / 255 / scale) + zero_point. With the usual scale of 1/255 and zero point of -128 this is
    the pixel with its top bit flipped: exact, and as fast as a copy.
    """
    shape = (-1, *tensor.shape)
    if tensor.dtype == "float32":
        factor = np.float32(1 / (255 * tensor.scale))
        return lambda images: np.multiply(images, factor, dtype=np.float32).reshape(shape)
    stored = np.clip(np.rint(PIXEL_VALUES / (255 * tensor.scale)) + tensor.zero_point, -128, 127).astype(np.int8)
    if np.array_equal(stored, PIXEL_VALUES - 128):
        return lambda images: (images ^ np.uint8(0x80)).view(np.int8).reshape(shape)
    return lambda images: stored[images].reshape(shape)


def decode(output: NDArray[Any], tensor: Tensor) -> NDArray[np.float32]:
    """Return the logits, float32 (n, classes), of a model's output: (stored value - zero_point) * scale."""
    stored = output.reshape(len(output), -1).astype(np.float32)
    return (stored - np.float32(tensor.zero_point)) * np.float32(tensor.scale)


def golden_inputs(manifest: Manifest, role: Role) -> NDArray[np.uint8]:
    """Return the golden inputs of a role, uint8 (n, *INPUT_SHAPES[role])."""
    return np.frombuffer(manifest.golden_inputs.get(role, b""), np.uint8).reshape(-1, *INPUT_SHAPES[role])
