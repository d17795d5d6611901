"""Glyphs to a model's input, and its output to logits: the only place that knows of quantization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profiles.manifest import Manifest, Tensor

GLYPH_SHAPE = (28, 28)
PIXELS = np.arange(256)
"""All values of a glyph's pixel; the real value is the pixel / 255."""


def encoder(tensor: Tensor) -> Callable[[NDArray[np.uint8]], NDArray[Any]]:
    """A function from glyphs, uint8 (n, 28, 28), to the model's input, (n, *tensor.shape) of tensor.dtype.

    Stored value = round(pixel / 255 / scale) + zero_point. With the usual scale of 1/255 and zero point of -128
    that is the pixel with its top bit flipped: exact, and as cheap as a copy.
    """
    shape = (-1, *tensor.shape)
    if tensor.dtype == "float32":
        factor = np.float32(1 / (255 * tensor.scale))
        return lambda glyphs: np.multiply(glyphs, factor, dtype=np.float32).reshape(shape)
    stored = np.clip(np.rint(PIXELS / (255 * tensor.scale)) + tensor.zero_point, -128, 127).astype(np.int8)
    if np.array_equal(stored, PIXELS - 128):
        return lambda glyphs: (glyphs ^ np.uint8(0x80)).view(np.int8).reshape(shape)
    return lambda glyphs: stored[glyphs].reshape(shape)


def decode(output: NDArray[Any], tensor: Tensor) -> NDArray[np.float32]:
    """Logits, float32 (n, classes), from a model's output: (stored value - zero_point) * scale."""
    stored = output.reshape(len(output), -1).astype(np.float32)
    return (stored - np.float32(tensor.zero_point)) * np.float32(tensor.scale)


def golden_glyphs(manifest: Manifest) -> NDArray[np.uint8]:
    """The golden vectors' glyphs, uint8 (n, 28, 28)."""
    return np.frombuffer(manifest.golden_glyphs, np.uint8).reshape(-1, *GLYPH_SHAPE)
