"""The desktop's side: train nets, compress them, export them for each board, and judge them.

- `data`: MNIST, scenes, and what is done to glyphs while training.
- `nets`: those that ship, and well-known ones to learn from and compare with.
- `recipe`: everything that decides what a training run does.
- `train`: how weights come about.
- `compress`: steps that make a net smaller: distil, prune, sparsify, cluster, learn int8.
- `export`: from a checkpoint to ONNX and TFLite files.
- `judge`: how well an artifact reads, in the runtime that the board will use.
- `report`: the log of training runs, and a page of all that was measured.

torch lives here and nowhere else, and is imported late: judging an artifact needs none.
"""
