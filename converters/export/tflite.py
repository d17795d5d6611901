"""Export a net from torch to TFLite: fp32, fp16 weights, and int8 from the input to the logits.

A file has a batch size of one, and a recogniser's file has the nominal width of strips; runtimes resize both. TFLite
computes with channels last, the agent stores them first.
With one channel both layouts are the same bytes, so the input is (height, width, 1). With several channels the input
is (channels, height, width), and the file starts with a transposition. This takes 3-8 % less time than transposing
in NumPy (measured: ai-edge-litert, x86, the verifier in fp32 and int8, batches of 16 and 64).

int8 is signed, with weights quantized per channel. It needs no calibration data, because the ranges are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from converters.export.ranges import Ranges
from converters.export.simplify import simplify
from converters.extra import without_warnings
from profiles.manifest import Tensor

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT, TensorT


@without_warnings()
def to_fp32(folded: nn.Module, example: torch.Tensor) -> bytes:
    """Export a net to a TFLite file in fp32.

    Args:
        folded: net with batch normalisation folded, see `fold`.
        example: example of its input, float32 (1, C, H, W).
    """
    import litert_torch

    inputs = [0] if example.shape[1] == 1 else []
    outputs = [0] if folded(example).ndim == 4 else []
    if inputs or outputs:
        folded = litert_torch.to_channel_last_io(folded, inputs, outputs).eval()
    if inputs:
        example = example.movedim(1, -1)
    return simplify(litert_torch.convert(folded, (example,)).model_content())


def to_fp16(fp32: bytes) -> bytes:
    """Convert the weights of an fp32 file to fp16; the arithmetic, input and output stay float32."""
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
    """Quantize an fp32 file to int8.

    Args:
        fp32: content of a file from `to_fp32`.
        ranges: smallest and largest value of each of its activations.
    """
    from ai_edge_quantizer import recipe

    bounds = {
        name: {"min": np.array(low, np.float32), "max": np.array(high, np.float32)}
        for name, (low, high) in ranges.items()
    }
    return _quantize(fp32, recipe.static_wi8_ai8(), bounds)


@without_warnings()
def activations(fp32: bytes, probe: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return the value of each activation, by name, for one input, float32 (1, C, H, W), and the input itself."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    model = _parse(fp32)
    interpreter = Interpreter(
        model_content=fp32,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    input_index = model.subgraphs[0].inputs[0]
    interpreter.set_tensor(input_index, probe.reshape(model.subgraphs[0].tensors[input_index].shape))
    interpreter.invoke()
    return {
        tensor.name.decode(): interpreter.get_tensor(index)
        for index, tensor in enumerate(model.subgraphs[0].tensors)
        if not _is_constant(model, tensor)
    }


def tensors(content: bytes) -> tuple[Tensor, Tensor]:
    """Return the input and the output of a file, as the manifest describes them."""
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
    # Not quantizer.calibrate(): it estimates the ranges from data with a moving average.
    result = quantizer.quantize(bounds, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def _parse(content: bytes) -> ModelT:
    from ai_edge_litert.tools.flatbuffer_utils import read_model_from_bytearray

    return read_model_from_bytearray(content)


def _is_constant(model: ModelT, tensor: TensorT) -> bool:
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0
