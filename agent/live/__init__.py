"""A run, from a source's frames to the sinks.

`feed` gives frames, `loop` hands each to `watch` and what came of it to the `sinks`. In `watch`, `gaze` decides how
thoroughly to look, and `announce` which readings are new. `sampler` and `heartbeat` watch the board and tell the
service manager. `run` joins the parts.
"""
