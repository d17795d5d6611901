"""Pictures of paper with digits on it, drawn, with their truth: what the nets learn to find and to read.

A scene is a layout (notes, cheques, forms, grids, tables, or none) by writers whom a seed invents, on a sheet, under a
camera. A seed gives the same scene again.
"""

from converters.data.scenes.draw import draw_scene
from converters.data.scenes.lettering import Fonts, load_fonts
from converters.data.scenes.page import Scene

__all__ = ["Fonts", "Scene", "draw_scene", "load_fonts"]
