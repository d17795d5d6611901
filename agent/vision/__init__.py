"""From a picture to numbers: ink, candidates, glyphs, digits, readings.

Read in this order: `ink`, `candidates`, `glyph`, `digits`, `lines`; `page` runs them one after the other.
"""
