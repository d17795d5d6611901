"""Desktop side: train nets, compress them, export them for each board, and evaluate them.

- `data`: MNIST, rendered scenes, and augmentation.
- `nets`: the nets that ship, and well-known nets used as teachers and for comparison.
- `recipe`: all settings of a training run.
- `train`: training loops.
- `compress`: distillation, expansion, pruning, sparsity, clustering and quantization-aware training.
- `export`: ONNX and TFLite files from a checkpoint.
- `evaluate`: metrics of an artifact in the runtime that the board uses.
- `report`: log of training runs, and a report of all measurements.

Only this package uses torch, and it imports torch late: `evaluate` works without it.
"""
