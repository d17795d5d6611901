"""torch to TFLite: fp32, fp16 weights, and int8 from the input to the logits.

Files take one input; runtimes resize the batch. TFLite computes with channels last, the agent holds them first. With
one channel both are the same bytes, so the file takes (height, width, 1). With two it takes (2, height, width) and
begins with a transposition: 3-8 % less time than one in NumPy before it (measured: ai-edge-litert, x86, the verifier's
net in fp32 and int8, batches of 16 and 64).
int8 is signed, weights per channel. Its ranges are given, so no calibration data is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from converters.export.quiet import without_warnings
from converters.export.ranges import Ranges
from converters.export.simplify import plain
from profiles.manifest import Tensor

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, TensorT


@without_warnings()
def to_fp32(folded: nn.Module, example: torch.Tensor) -> bytes:
    """A TFLite file that computes what the net computes.

    Args:
        folded: the net.
        example: of its input, float32 (1, C, H, W).
    """
    import litert_torch

    if example.shape[1] == 1:
        folded, example = litert_torch.to_channel_last_io(folded, args=[0]).eval(), example.movedim(1, -1)
    return plain(litert_torch.convert(folded, (example,)).model_content())


def to_fp16(fp32: bytes) -> bytes:
    """The same with weights in fp16; the arithmetic, input and output stay float32."""
    from ai_edge_quantizer import qtyping, recipe_manager
    from ai_edge_quantizer.algorithm_manager import AlgorithmName

    recipes = recipe_manager.RecipeManager()
    recipes.add_weight_only_config(
        regex=".*",
        operation_name=qtyping.TFLOperationName.ALL_SUPPORTED,
        num_bits=16,
        algorithm_key=AlgorithmName.FLOAT_CASTING,
    )
    return _quantize(fp32, recipes.get_quantization_recipe(), None)


def to_int8(fp32: bytes, ranges: Ranges) -> bytes:
    """The same in int8.

    Args:
        fp32: as `to_fp32` made it.
        ranges: of each of its activations.
    """
    from ai_edge_quantizer import recipe

    bounds = {
        name: {"min": np.array(low, np.float32), "max": np.array(high, np.float32)}
        for name, (low, high) in ranges.items()
    }
    return _quantize(fp32, recipe.static_wi8_ai8(), bounds)


@without_warnings()
def activations(fp32: bytes, probe: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """What each activation holds for one input, float32 (1, C, H, W); the input is one of them."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    model = _parse(fp32)
    interpreter = Interpreter(
        model_content=fp32,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    given = model.subgraphs[0].inputs[0]
    interpreter.set_tensor(given, probe.reshape(model.subgraphs[0].tensors[given].shape))
    interpreter.invoke()
    return {
        tensor.name.decode(): interpreter.get_tensor(index)
        for index, tensor in enumerate(model.subgraphs[0].tensors)
        if not _is_constant(model, tensor)
    }


def tensors(content: bytes) -> tuple[Tensor, Tensor]:
    """The input and the output of a file, as the manifest describes them."""
    graph = _parse(content).subgraphs[0]
    return _tensor(graph.tensors[graph.inputs[0]]), _tensor(graph.tensors[graph.outputs[0]])


def _tensor(tensor: TensorT) -> Tensor:
    from ai_edge_litert.schema_py_generated import TensorType

    name, shape = tensor.name.decode(), tuple(int(size) for size in tensor.shape[1:])
    if tensor.type == TensorType.FLOAT32:
        return Tensor(name=name, dtype="float32", shape=shape)
    stored = tensor.quantization
    return Tensor(
        name=name, dtype="int8", shape=shape, scale=float(stored.scale[0]), zero_point=int(stored.zeroPoint[0])
    )


@without_warnings()
def _quantize(fp32: bytes, recipe: list[dict[str, Any]], bounds: dict[str, Any] | None) -> bytes:
    from ai_edge_quantizer.quantizer import Quantizer

    quantizer = Quantizer(fp32, recipe)
    # Not quantizer.calibrate(): it takes a moving average of data, and we have the true bounds.
    result = quantizer.quantize(bounds, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def _parse(content: bytes) -> ModelT:
    from ai_edge_litert.tools.flatbuffer_utils import read_model_from_bytearray

    return read_model_from_bytearray(content)


def _is_constant(model: ModelT, tensor: TensorT) -> bool:
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0
