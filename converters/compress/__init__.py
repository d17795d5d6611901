"""Steps that make a net smaller or faster; each takes a net, and gives one that needs to learn a little more.

- `distil`: learn from other nets' soft labels, computed on the very batch that is learnt from.
- `expand`: while it learns, each convolution is a product of wider ones; the net is as small as ever.
- `prune`: whole channels go, and with them their bytes and their work in every format.
- `sparsify`: two of four weights become 0; TensorRT leaves them out on an Orin, and nothing else gains.
- `cluster`: a layer's weights share fifteen values; ONNX files take half a byte a weight, TFLite gains nothing.
- `quantize`: round as int8 files do, and learn with it.

fp16 and int8 without learning need no step: `converters.export` makes both of any checkpoint.
"""
