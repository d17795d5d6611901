"""Strips of handwritten lines to train line recognisers with: drawn from pen strokes, and cut from real pictures."""
