"""ONNX files on onnxruntime: the CPU, CUDA and TensorRT execution providers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.paths import cache_folder
from agent.runtimes import tensorrt
from agent.runtimes.session import Runtime
from profiles.errors import RuntimeUnusableError
from profiles.manifest import Artifact

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, SessionOptions

Provider = str | tuple[str, dict[str, str]]
"""Name of an execution provider, and its options if it has any."""
CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"
ERROR = 3
"""Log severity of onnxruntime from which it prints messages."""

# Since 1.29, onnxruntime sends telemetry to Microsoft, unless this variable is set before the import
# (https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md).
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


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

    requested = provider or CPU
    available = onnxruntime.get_available_providers()
    if requested not in available:
        raise RuntimeUnusableError(
            f"this onnxruntime has no {requested}, only {', '.join(available)}", advice="install a build that has it"
        )
    onnxruntime.set_default_logger_severity(ERROR)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ERROR
    # Threads that spin while they wait use 40 ms of CPU time after a call of 0.1 ms (measured: 1.31, x86, 2 threads).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Otherwise onnxruntime also takes a file of its own format, which `require_complete` cannot check.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    providers = _providers(requested, artifact, onnxruntime.__version__)
    if requested == CPU:
        session = onnxruntime.InferenceSession(content, options, providers=providers)
    else:
        session, used = open_profiled(content, artifact, options, providers)
        if requested not in used:
            raise RuntimeUnusableError(
                f"onnxruntime fell back from {requested} to {' and '.join(used)}",
                advice="check the board's CUDA and TensorRT",
            )
    session.disable_fallback()
    return OnnxSession(session)


def open_profiled(
    content: bytes, artifact: Artifact, options: SessionOptions, providers: Sequence[Provider]
) -> tuple[InferenceSession, tuple[str, ...]]:
    """Open a session and run it once under onnxruntime's profiler, to see which provider computes the operations.

    A session can list a provider and still run all operations on the CPU.

    Args:
        content: content of the model file.
        artifact: the artifact's entry in the manifest.
        options: options of the session.
        providers: providers to use, in order.

    Returns:
        The session, and the providers that computed at least one operation.
    """
    import onnxruntime

    with TemporaryDirectory() as folder:
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(content, options, providers=providers)
        images = np.zeros((1, *artifact.input.shape), artifact.input.dtype)
        session.run(None, {session.get_inputs()[0].name: images})
        events = msgspec.json.decode(Path(session.end_profiling()).read_bytes())
    used = (event.get("args", {}).get("provider") for event in events if event.get("cat") == "Node")
    return session, tuple(dict.fromkeys(filter(None, used)))


def _providers(requested: str, artifact: Artifact, version: str) -> list[Provider]:
    """Return the requested provider, then the providers for operations that it does not support."""
    if requested == TENSORRT:
        options = tensorrt.options(artifact, version, root=Path("/"), cache=cache_folder())
        return [(TENSORRT, options), CUDA, CPU]
    return [requested] if requested == CPU else [requested, CPU]


ONNXRUNTIME = Runtime(
    name="onnxruntime",
    format="onnx",
    module="onnxruntime",
    distributions=("onnxruntime", "onnxruntime-gpu"),
    install="pip install 'digit-agent[onnx]'",
    open=_open,
    first_time={TENSORRT: "TensorRT builds an engine for this board and saves it"},
)
RUNTIMES = (ONNXRUNTIME,)
