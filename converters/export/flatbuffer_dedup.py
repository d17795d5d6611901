"""Write TFLite files in which equal vectors of numbers are stored once.

Tables of a flatbuffer point at their vectors, so several tables can share one. This makes a file of eight kilobytes a
tenth smaller. Most repetitions are zero points: 64 bits for each channel, all of them 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flatbuffers  # type: ignore[import-untyped]  # it has no stubs
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT

IDENTIFIER = b"TFL3"
"""File identifier of TFLite models."""
ALIGNMENT_BYTES = 4
"""Alignment of weights: runtimes read 32-bit biases in place."""


class _DeduplicatingBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """Builder that writes each distinct vector of numbers once."""

    def __init__(self) -> None:
        super().__init__(1 << 16)
        self._offsets: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:  # noqa: N802 - the library's name
        key = x.dtype.str, x.tobytes()
        if key not in self._offsets:
            if x.dtype == np.uint8:
                # Like the base class, but with the alignment above.
                self.StartVector(1, len(x), ALIGNMENT_BYTES)
                self.head -= len(x)
                self.Bytes[self.head : self.head + len(x)] = x.tobytes()
                self._offsets[key] = self.EndVector()
            else:
                self._offsets[key] = super().CreateNumpyVector(x)
        return self._offsets[key]


def write_model(model: ModelT) -> bytes:
    """Return the content of a TFLite file; lists in `model` are replaced by arrays."""
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
    builder = _DeduplicatingBuilder()
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())
