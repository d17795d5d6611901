"""What nets learn from and are judged by: MNIST, real pictures with truth, drawn scenes and outliers.

Glyphs are as `agent.vision.glyph.normalise` makes them, surroundings as `agent.vision.context` does.
"""
