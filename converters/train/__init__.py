"""Training: load or render the examples of a recipe, augment them for every epoch, and fit the weights."""
