"""TFLite files, on ai-edge-litert and on tflite-runtime, which share one interface."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from agent.runtimes.session import Runtime
from profiles.manifest import Artifact

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter


class TfliteSession:
    """An interpreter that is resized when the batch changes.

    Resizing takes 3-150 µs (measured: ai-edge-litert 2.3, tflite-runtime 2.14, x86); padding to a few allocated
    sizes would compute up to twice the glyphs.
    """

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        inputs = interpreter.get_input_details()[0]
        self._input: int = inputs["index"]
        self._output: int = interpreter.get_output_details()[0]["index"]
        self._shape = tuple(int(size) for size in inputs["shape"])
        interpreter.allocate_tensors()

    def run(self, batch: NDArray[Any]) -> NDArray[Any]:
        if batch.shape != self._shape:
            self._interpreter.resize_tensor_input(self._input, batch.shape)
            self._interpreter.allocate_tensors()
            self._shape = batch.shape
        self._interpreter.set_tensor(self._input, batch)
        self._interpreter.invoke()
        output: NDArray[Any] = self._interpreter.get_tensor(self._output)
        return output


def _open(module: str, content: bytes, _artifact: Artifact, threads: int, _provider: str) -> TfliteSession:
    interpreter: type[Interpreter] = importlib.import_module(module).Interpreter
    with _without_notes():
        return TfliteSession(interpreter(model_content=content, num_threads=threads))


@contextmanager
def _without_notes() -> Iterator[None]:
    """Keep lines that begin with "INFO:" from stderr; all others are written when the block ends.

    The first interpreter says "INFO: Created TensorFlow Lite XNNPACK delegate for CPU." from C++, straight to file
    descriptor 2, and Python has no switch for it (LiteRT issue 7420). It would tear a dashboard apart.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            caught.seek(0)
            os.write(2, b"".join(line for line in caught if not line.startswith(b"INFO:")))


LITERT = Runtime(
    format="tflite",
    module="ai_edge_litert",
    distributions=("ai-edge-litert",),
    install="pip install ai-edge-litert",
    open=partial(_open, "ai_edge_litert.interpreter"),
)
TFLITE_RUNTIME = Runtime(
    format="tflite",
    module="tflite_runtime",
    distributions=("tflite-runtime",),
    install="pip install 'digit-agent[tflite]'",
    open=partial(_open, "tflite_runtime.interpreter"),
)
