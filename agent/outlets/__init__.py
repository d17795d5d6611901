"""Outlets carry readings off the board: MQTT, webhooks, and metrics for Prometheus.

`sink` takes the events of a run, `message` makes messages of them, and `outbox` keeps these on the disk until each
outlet has delivered them. `mqtt` and `webhook` are the outlets: each runs on a thread of its own and takes its messages
from the outbox. `state` sums up the run for measures, health and metrics. `home_assistant` describes the board to Home
Assistant, `metrics` answers Prometheus, and `picture` makes pictures of the camera. A new way out is one more file with
an `Outlet`.
"""
