"""The runtimes, one module each or one for those that share an interface; a new one is a new file here.

A module lists in `RUNTIMES` what it brings; see `Runtime`. `net` finds it by itself, and a profile that names it has it
tried.
"""
