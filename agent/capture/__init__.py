"""Where frames come from: cameras, streams, videos, pictures, and the built-in demo.

`uri.parse_source` says what a text means, `opener.open_source` opens it, `source.Source` is what comes out:
frames are pulled from it. `latest.LatestFrame` keeps the newest frame of a live source. `pictures.load_picture`
reads one still.
"""
