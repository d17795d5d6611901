"""The board's own web page: what was read, how the board does, and what the camera sees. Extra: `digit-agent[web]`.

Only the command line imports this package, and only if a page is wanted.
"""
