"""From a picture to numbers: ink, candidates, glyphs, digits, readings.

`page` looks at a picture: `ink`, `pens` and `tilt` find what is written, `rules` and `frames` take printed lines and
boxes out, `candidates` offers what may be digits, `judge` asks the nets, `digits`, `words`, `dates` and `press` choose,
`lines` puts them in order. `motion`, `track` and `follow` do it from picture to picture of a film.
"""
