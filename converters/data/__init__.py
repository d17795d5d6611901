"""Training and evaluation data: MNIST, labelled real pictures, rendered scenes and drawn outliers.

Glyphs have the form that `agent.vision.glyph.normalise` returns, contexts the form that `agent.vision.context` returns.
"""
