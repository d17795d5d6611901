"""TFLite files as small as their format allows: numbers that occur twice are written once.

A flatbuffer points at its vectors, so several tables may point at the same one; a file of eight kilobytes is a tenth
smaller by that. Zero points are the worst of it: 64 bits for every channel, and all of them 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flatbuffers  # type: ignore[import-untyped]  # it has no stubs
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT

IDENTIFIER = b"TFL3"
ALIGNMENT = 4
"""Of weights, in bytes: 32-bit biases are read where they lie."""


class _Sharing(flatbuffers.Builder):  # type: ignore[misc]
    """Writes each vector of numbers once."""

    def __init__(self) -> None:
        super().__init__(1 << 16)
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:  # noqa: N802 - the library's name
        same = x.dtype.str, x.tobytes()
        if same not in self._written:
            if x.dtype == np.uint8:
                # As the library does it, but for the alignment.
                self.StartVector(1, len(x), ALIGNMENT)
                self.head -= len(x)
                self.Bytes[self.head : self.head + len(x)] = x.tobytes()
                self._written[same] = self.EndVector()
            else:
                self._written[same] = super().CreateNumpyVector(x)
        return self._written[same]


def write(model: ModelT) -> bytes:
    """A model as a file; its object is changed on the way."""
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.shape = np.asarray(tensor.shape, np.int32)
            stored = tensor.quantization
            if stored is not None and stored.scale is None:
                tensor.quantization = None
            elif stored is not None:
                stored.scale = np.asarray(stored.scale, np.float32)
                stored.zeroPoint = np.asarray(stored.zeroPoint, np.int64)
        for operator in graph.operators:
            operator.inputs = np.asarray(operator.inputs, np.int32)
            operator.outputs = np.asarray(operator.outputs, np.int32)
    for buffer in model.buffers:
        if buffer.data is not None:
            buffer.data = np.asarray(buffer.data, np.uint8)
    builder = _Sharing()
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())
