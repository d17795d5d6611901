"""A live run, from the frames of a source to the sinks.

`feed` gives the frames, `loop` passes each one to `watch` and the result to the `sinks`. In `watch`, `look_policy`
chooses the depth of the look and `announce` the readings to announce. `sampler` reads the board's sensors, `throttle`
limits the load on a hot board, `heartbeat` and `health` report to systemd and `digit-deploy`, `reload` exchanges the
nets. `agent.run` puts the parts together.
"""
