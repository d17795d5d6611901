"""Conversion of images to a model's input and of its output to logits: the only module that handles quantization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profiles.manifest import INPUT_SHAPES, Manifest, Role, Tensor

PIXEL_VALUES = np.arange(256)
GOLDEN_STEP = 16
"""Golden vectors have the logits of every sixteenth step of a recogniser. Logits of all steps would make the manifest
long.
"""


def encoder(tensor: Tensor) -> Callable[[NDArray[np.uint8]], NDArray[Any]]:
    """Return a function that converts images, uint8 (n, ...), to the model's input, (n, *tensor.shape).

    An axis of size 1 in `tensor.shape` is added to the images. The images keep their own width. The memory order of the
    values does not change; a model that needs another order transposes its input itself.

    Stored value = round(pixel / 255 / scale) + zero_point. With the usual scale of 1/255 and zero point of -128 this is
    the pixel with its top bit flipped: exact, and as fast as a copy.
    """
    layout = (slice(None), *(None if size == 1 else slice(None) for size in tensor.shape))
    if tensor.dtype == "float32":
        factor = np.float32(1 / (255 * tensor.scale))
        return lambda images: np.multiply(images, factor, dtype=np.float32)[layout]
    stored = np.clip(np.rint(PIXEL_VALUES / (255 * tensor.scale)) + tensor.zero_point, -128, 127).astype(np.int8)
    if np.array_equal(stored, PIXEL_VALUES - 128):
        return lambda images: (images ^ np.uint8(0x80)).view(np.int8)[layout]
    return lambda images: stored[images][layout]


def decode(output: NDArray[Any], tensor: Tensor) -> NDArray[np.float32]:
    """Return the logits of a model's output: (stored value - zero_point) * scale.

    Returns:
        float32 (n, classes), or (n, steps, classes) for a recogniser. The output of a recogniser is (n, classes, 1,
        steps) in ONNX and (n, 1, steps, classes) in TFLite.
    """
    if len(tensor.shape) == 1:
        stored = output.reshape(len(output), -1)
    else:
        stored = output[:, 0] if tensor.shape[0] == 1 else output[:, :, 0].transpose(0, 2, 1)
    return (stored.astype(np.float32, order="C") - np.float32(tensor.zero_point)) * np.float32(tensor.scale)


def golden_rows(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the logits that golden vectors contain, float32 (n, k): all logits, or the logits of some steps.

    Args:
        logits: logits of a net, float32 (n, classes), or (n, steps, classes) of a recogniser.
    """
    if logits.ndim == 2:
        return logits
    return logits[:, GOLDEN_STEP // 2 :: GOLDEN_STEP].reshape(len(logits), -1)


def golden_inputs(manifest: Manifest, role: Role) -> NDArray[np.uint8]:
    """Return the golden inputs of a role, uint8 (n, *INPUT_SHAPES[role])."""
    return np.frombuffer(manifest.golden_inputs.get(role, b""), np.uint8).reshape(-1, *INPUT_SHAPES[role])
