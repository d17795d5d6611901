"""The desktop's side: train nets, compress them, export them for each board, and judge them.

- `data`: MNIST, scenes, and what is done to glyphs while training.
- `nets`: one file a family of nets.
- `recipe`: everything that decides what a training run does.
- `train`: how weights come about.
- `export`: from a checkpoint to ONNX and TFLite files.
- `judge`: how well an artifact reads, in the runtime that the board will use.

torch lives here and nowhere else, and is imported late: judging an artifact needs none.
"""
