"""Runtimes: one module per interface. To add a runtime, add a file here.

Each module lists its runtimes in `RUNTIMES`; see `Runtime`. `agent.runtimes.net` finds the modules by itself. A runtime
is tried on the boards whose profiles list it.
"""
