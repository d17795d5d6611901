"""TFLite files on ai-edge-litert and on tflite-runtime. Both have the same interface.

tflite-runtime 2.14 is the last release and needs NumPy < 2; only this module and pyproject.toml handle it.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from agent.runtimes.session import Runtime
from agent.stderr import native_stderr
from profiles.manifest import Artifact

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter


class TfliteSession:
    """An interpreter that is resized when the batch size changes.

    Resizing takes 3-150 µs (measured: ai-edge-litert 2.3, tflite-runtime 2.14, x86). Padding to a few fixed sizes
    would compute up to twice as many images.
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
    """Load a model without the INFO lines that the first interpreter writes to stderr.

    The line "INFO: Created TensorFlow Lite XNNPACK delegate for CPU." comes from C++ and has no option in Python
    (https://github.com/google-ai-edge/LiteRT/issues/7420).
    """
    interpreter: type[Interpreter] = importlib.import_module(module).Interpreter
    with native_stderr() as lines:
        session = TfliteSession(interpreter(model_content=content, num_threads=threads))
    sys.stderr.writelines(f"{line}\n" for line in lines if not line.startswith("INFO:"))
    return session


LITERT = Runtime(
    name="ai-edge-litert",
    format="tflite",
    module="ai_edge_litert",
    distributions=("ai-edge-litert",),
    install="pip install ai-edge-litert",
    open=partial(_open, "ai_edge_litert.interpreter"),
)
TFLITE_RUNTIME = Runtime(
    name="tflite-runtime",
    format="tflite",
    module="tflite_runtime",
    distributions=("tflite-runtime",),
    install="pip install 'digit-agent[tflite]'",
    open=partial(_open, "tflite_runtime.interpreter"),
)
RUNTIMES = (LITERT, TFLITE_RUNTIME)
