"""Methods that make a net smaller, faster or more accurate at its size. Most need some training after them.

- `distil`: train on soft labels of teachers, computed on the same augmented batch.
- `expand`: during training each convolution is a product of wider ones; the trained net has its original size.
- `prune`: remove whole channels, which saves bytes and time in every format.
- `sparsify`: set two of every four weights to 0; only TensorRT on a Jetson Orin gains.
- `cluster`: the weights of a layer share fifteen values; ONNX stores them in half a byte each, TFLite gains nothing.
- `quantize`: quantization-aware training for int8 files.

fp16 files, and int8 files without quantization-aware training, need none of them: `converters.export` makes both from
any checkpoint.
"""
