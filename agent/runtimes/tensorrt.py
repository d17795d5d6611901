"""Options of onnxruntime's TensorRT provider, and the cache of its engines.

Source: https://onnxruntime.ai/docs/execution-providers/TensorRT-ExecutionProvider.html
An engine is valid for one model, one machine and one version of TensorRT only.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import logging
import re
from collections.abc import Sequence
from pathlib import Path

from agent.runtimes.session import MAX_BATCH
from agent.vision.strip import MAX_WIDTH_PX, WIDTH_STEP_PX
from profiles.board import detect_board
from profiles.manifest import Artifact

log = logging.getLogger(__name__)
TYPICAL_BATCH = 16
"""Batch size for which an engine is optimized."""
WIDTHS = WIDTH_STEP_PX, MAX_WIDTH_PX
"""Smallest and largest width of a recogniser's strips, in pixels."""


def options(artifact: Artifact, onnxruntime_version: str, *, root: Path, cache: Path) -> dict[str, str]:
    """Return the provider's options for one artifact, and create the folder of its engines.

    Args:
        artifact: a model with a dynamic batch axis; the width of a recogniser's input is dynamic too.
        onnxruntime_version: version of onnxruntime; each version has its own engines.
        root: folder that contains `etc` and `proc`; `/` on a board.
        cache: folder for the engines.
    """
    folder = cache / "tensorrt" / engine_folder(artifact, onnxruntime_version, tensorrt_version(), machine_name(root))
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.glob("*.engine")):
        log.warning("TensorRT builds an engine for %s, which takes minutes; it is saved in %s", artifact.file, folder)
    name, shape = artifact.input.name, artifact.input.shape
    narrow, wide = ((*shape[:-1], width) for width in WIDTHS) if artifact.role == "recogniser" else (shape, shape)
    return {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(folder),
        "trt_fp16_enable": str(int(artifact.precision == "fp16")),
        "trt_int8_enable": str(int(artifact.precision == "int8")),
        "trt_profile_min_shapes": _shape(name, 1, narrow),
        "trt_profile_opt_shapes": _shape(name, TYPICAL_BATCH, shape),
        "trt_profile_max_shapes": _shape(name, MAX_BATCH, wide),
    }


def _shape(name: str, batch: int, shape: Sequence[int]) -> str:
    return f"{name}:{'x'.join(map(str, (batch, *shape)))}"


def engine_folder(artifact: Artifact, onnxruntime_version: str, tensorrt: str, machine: str) -> str:
    """Return the name of the folder for one model, onnxruntime, TensorRT, machine and precision."""
    parts = (artifact.sha256[:16], f"ort{onnxruntime_version}", f"trt{tensorrt}", machine, artifact.precision)
    return re.sub(r"[^\w.-]+", "_", "-".join(parts))


def tensorrt_version() -> str:
    """Return the version of libnvinfer, such as "100300" for 10.3.0; "none" if the library is missing."""
    library = ctypes.util.find_library("nvinfer")
    return str(ctypes.CDLL(library).getInferLibVersion()) if library else "none"


def machine_name(root: Path) -> str:
    """Return the board's model and its L4T release, such as "NVIDIA Jetson AGX Orin Developer Kit L4T 36.4.3"."""
    board = detect_board(root)
    return f"{board.model or board.machine} L4T {board.l4t or 'none'}"
