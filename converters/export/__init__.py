"""From a checkpoint to ONNX and TFLite files, in fp32, fp16 and int8.

- `ranges`: batch normalisation folded, activations' ranges, and which of a graph's tensors they belong to.
- `onnx`, `tflite`: one format each, bytes in and bytes out.
- `palette`: weights of few values, in half a byte each in ONNX.
- `strip`: what a runtime does not need, taken out.
- `golden`: inputs that every export is checked with.
- `make`: one file with its row of the manifest, checked against the net it came from.
- `cost`: parameters and multiply-accumulates.
- `workshop`: `make` in child processes, because converters talk to the terminal.
"""
