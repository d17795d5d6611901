"""Sources of frames: cameras, streams, videos, pictures, and the built-in demo.

`uri.parse_source` parses the text that names a source, `opener.open_source` opens it, and the `source.Source` gives
frames. `latest.LatestFrame` keeps the newest frame of a live source, and `reconnect.ReconnectingSource` opens a live
source again after a failure. `pictures.load_picture` reads a picture file.
"""
