"""What nets learn from: MNIST, real pictures with truth, and what is done to their glyphs.

Everything here works on glyphs as `agent.vision.glyph.normalise` makes them.
"""
