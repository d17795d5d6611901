"""How many numbers are read whole, and which of them can be relied on: `python -m benchmarks.numbers --help`.

Each source of pictures is a file of its own; nothing in them was learnt from. `figures` has what is measured.
"""
