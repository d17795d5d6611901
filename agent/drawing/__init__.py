"""Drawn handwriting on paper, for the demo, the training data, the benchmarks and the tests.

`strokes` turns points into pen lines, `handwriting` writes digits in the handwriting of an invented person, `paper`
writes numbers on a sheet and lights it, and `viewpoint` places a camera above the sheet. All randomness comes from a
`numpy.random.Generator`: the same state gives the same pixels.
"""
