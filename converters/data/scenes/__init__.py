"""Rendered scenes: synthetic images of handwritten digits on paper, with ground truth. The nets are trained on them.

A scene is a layout (notes, cheque, form, grid, table, ...) in random handwriting on a random background, seen by a
simulated camera. The same random state gives the same scene.
"""

from converters.data.scenes.canvas import Scene
from converters.data.scenes.draw import draw_scene
from converters.data.scenes.fonts import Fonts, load_fonts

__all__ = ["Fonts", "Scene", "draw_scene", "load_fonts"]
