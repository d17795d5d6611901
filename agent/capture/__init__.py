"""Where frames come from: cameras, streams, videos, pictures, and the built-in demo.

`uri.parse_source` says what a text means, `opener.open_source` opens it, and a `source.Source` comes out, from which
frames are pulled; `latest.LatestFrame` keeps the newest one of a live source. `pictures.load_picture` reads a still.
The demo is `pen` (strokes), `paper` (a written sheet) and `demo` (the camera above it).
"""
