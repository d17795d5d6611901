"""How much is learned from the corrections of new writers: `python -m benchmarks.learning HANDWRITING`."""
