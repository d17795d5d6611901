"""How weights come about: a recipe, glyphs mixed anew for every epoch, and one fitting loop."""
