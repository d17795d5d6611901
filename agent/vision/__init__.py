"""Reading digits in pictures and videos.

Data flows one way: frame -> ink -> masks -> components -> candidates -> classes -> digits -> readings.

`pipeline` calls the steps in their order. `ink`, `pens`, `deskew` and `faint` make the ink of a picture. `binarize`
makes masks of it, with `form_boxes` and `ruled_lines`. `components`, `seams` and `candidates` find what may be a digit.
`glyph`, `context` and `classify` ask the nets. `digits`, `words`, `blots`, `show_through` and `printed` select the
digits. `lines` and `dates` make readings. `page` holds the result.

`motion`, `track` and `tracker` follow the digits of a video from look to look.
"""
