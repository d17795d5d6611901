"""Export a checkpoint to ONNX and TFLite files in fp32, fp16 and int8.

- `ranges`: measure the ranges of activations, assign them to the tensors of an export.
- `onnx`, `tflite`: write one format each.
- `simplify`, `flatbuffer_dedup`: make TFLite graphs simpler and their files smaller.
- `palette`: pack ONNX weights with few distinct values into half a byte each.
- `slim`: remove what no runtime needs.
- `golden`: inputs that every export is checked with.
- `make`: make one artifact, check it against its net, and describe it for the manifest.
- `parallel`: make many artifacts in child processes, so that the converters' output does not reach the terminal.
- `cost`: count parameters and multiply-accumulates.
"""
