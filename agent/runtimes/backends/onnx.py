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
"""Its name, and its options where it has some."""
CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"
ERROR = 3
"""onnxruntime's log severity."""

# Since 1.29, onnxruntime tells its maker what runs where, from threads of its own, unless it is told not to before it
# is imported (https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md).
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
    providers = _providers(asked, artifact, onnxruntime.__version__)
    if asked == CPU:
        session = onnxruntime.InferenceSession(content, options, providers=providers)
    else:
        session, used = open_watched(content, artifact, options, providers)
        if asked not in used:
            raise RuntimeUnusableError(
                f"onnxruntime fell back from {asked} to {' and '.join(used)}; check the board's CUDA and TensorRT"
            )
    session.disable_fallback()
    return OnnxSession(session)


def open_watched(
    content: bytes, artifact: Artifact, options: SessionOptions, providers: Sequence[Provider]
) -> tuple[InferenceSession, tuple[str, ...]]:
    """Open a session and run it once under onnxruntime's profiler, which says what computed each operation.

    A session that lists a provider may have given it no operation at all, and all of them to the CPU.

    Args:
        content: the model file's.
        artifact: its row of the manifest.
        options: of the session.
        providers: those to use, in order.

    Returns:
        The session, and the providers that computed something.
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


def _providers(asked: str, artifact: Artifact, version: str) -> list[Provider]:
    """The provider that is asked for, then those that take the operations it does not know."""
    if asked == TENSORRT:
        options = tensorrt.options(artifact, version, root=Path("/"), cache=cache_folder())
        return [(TENSORRT, options), CUDA, CPU]
    return [asked] if asked == CPU else [asked, CPU]


ONNXRUNTIME = Runtime(
    name="onnxruntime",
    format="onnx",
    module="onnxruntime",
    distributions=("onnxruntime", "onnxruntime-gpu"),
    install="pip install 'digit-agent[onnx]'",
    open=_open,
    first_time={TENSORRT: "TensorRT builds an engine for this board, which is kept"},
)
RUNTIMES = (ONNXRUNTIME,)
