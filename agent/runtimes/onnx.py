"""ONNX files on onnxruntime: the CPU, CUDA and TensorRT execution providers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from agent.folders import cache_folder
from agent.runtimes import tensorrt
from agent.runtimes.session import Runtime
from profiles.errors import RuntimeUnusableError
from profiles.manifest import Artifact

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"
ERROR = 3
"""onnxruntime's log severity."""


class OnnxSession:
    """An inference session with one input and one output."""

    def __init__(self, session: InferenceSession) -> None:
        self._session = session
        self._input: str = session.get_inputs()[0].name
        self._outputs = [session.get_outputs()[0].name]

    def run(self, batch: NDArray[Any]) -> NDArray[Any]:
        output: NDArray[Any] = self._session.run(self._outputs, {self._input: batch})[0]
        return output


def _open(content: bytes, artifact: Artifact, threads: int, provider: str) -> OnnxSession:
    import onnxruntime

    asked = provider or CPU
    here = onnxruntime.get_available_providers()
    if asked not in here:
        raise RuntimeUnusableError(
            f"this onnxruntime has no {asked}, only {', '.join(here)}; install a build that has it"
        )
    onnxruntime.set_default_logger_severity(ERROR)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ERROR
    # Threads that spin while they wait burn 40 ms of CPU after a call of 0.1 ms (measured, 1.31 on x86, 2 threads).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(
        content, options, providers=_providers(asked, artifact, onnxruntime.__version__)
    )
    session.disable_fallback()
    if session.get_providers()[0] != asked:
        raise RuntimeUnusableError(
            f"onnxruntime fell back from {asked} to {session.get_providers()[0]}; check the board's CUDA and TensorRT"
        )
    return OnnxSession(session)


def _providers(asked: str, artifact: Artifact, version: str) -> list[str | tuple[str, dict[str, str]]]:
    """The provider that is asked for, then those that take the operations it does not know."""
    if asked == TENSORRT:
        options = tensorrt.options(artifact, version, root=Path("/"), cache=cache_folder())
        return [(TENSORRT, options), CUDA, CPU]
    return [asked] if asked == CPU else [asked, CPU]


RUNTIME = Runtime(
    format="onnx",
    module="onnxruntime",
    distributions=("onnxruntime", "onnxruntime-gpu"),
    install="pip install 'digit-agent[onnx]'",
    open=_open,
)
