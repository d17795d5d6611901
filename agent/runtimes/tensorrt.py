"""How onnxruntime's TensorRT provider is set up, and where its engines are kept.

Options: https://onnxruntime.ai/docs/execution-providers/TensorRT-ExecutionProvider.html
An engine is made for one model on one machine by one TensorRT; used elsewhere it is refused or wrong.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import logging
import re
from pathlib import Path

from agent.runtimes.session import MAX_BATCH
from profiles.board import detect_board
from profiles.manifest import Artifact

log = logging.getLogger(__name__)
TYPICAL_BATCH = 16
"""The batch for which an engine is tuned."""


def options(artifact: Artifact, onnxruntime_version: str, *, root: Path, cache: Path) -> dict[str, str]:
    """The provider's options for one artifact, in text; the folder of its engines is made.

    Args:
        artifact: a model with a dynamic batch.
        onnxruntime_version: an engine made by another one is not used.
        root: where `etc` and `proc` are found, `/` on a board.
        cache: the folder under which engines are kept.
    """
    folder = cache / "tensorrt" / engine_folder(artifact, onnxruntime_version, tensorrt_version(), machine(root))
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.glob("*.engine")):
        log.warning("TensorRT builds an engine for %s, which takes minutes; it is kept in %s", artifact.file, folder)
    name, item = artifact.input.name, "x".join(map(str, artifact.input.shape))
    return {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(folder),
        "trt_fp16_enable": str(int(artifact.precision == "fp16")),
        "trt_int8_enable": str(int(artifact.precision == "int8")),
        "trt_profile_min_shapes": f"{name}:1x{item}",
        "trt_profile_opt_shapes": f"{name}:{TYPICAL_BATCH}x{item}",
        "trt_profile_max_shapes": f"{name}:{MAX_BATCH}x{item}",
    }


def engine_folder(artifact: Artifact, onnxruntime_version: str, tensorrt: str, where: str) -> str:
    """A folder's name that differs when the model, onnxruntime, TensorRT, the machine or the precision does."""
    parts = (artifact.sha256[:16], f"ort{onnxruntime_version}", f"trt{tensorrt}", where, artifact.precision)
    return re.sub(r"[^\w.-]+", "_", "-".join(parts))


def tensorrt_version() -> str:
    """What libnvinfer says of itself, such as "100300" for 10.3.0; "none" where it cannot be found."""
    library = ctypes.util.find_library("nvinfer")
    return str(ctypes.CDLL(library).getInferLibVersion()) if library else "none"


def machine(root: Path) -> str:
    """The board's model and its L4T release, such as "NVIDIA Jetson AGX Orin Developer Kit L4T 36.4.3"."""
    board = detect_board(root)
    return f"{board.model or board.machine} L4T {board.l4t or 'none'}"
