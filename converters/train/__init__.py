"""How weights come about: a recipe, examples varied for every epoch, and one loop that learns from them."""
