"""A run, from a source's frames to the sinks.

`feed` gives frames, `loop` reads them, `announce` decides which readings are new, `sinks` take what came of it;
`sampler` and `heartbeat` watch the board and tell the service manager. `run` joins the parts.
"""
