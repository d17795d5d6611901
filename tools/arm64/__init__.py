"""An arm64 board's world on a desktop: its userland under qemu, and the files by which a board is known.

`world` makes what all boards share, once, and keeps it; `plant` writes what tells one board from another; `board` puts
both together. Neither root nor binfmt_misc is needed: the board's Python is a script that starts qemu, and
`sys.executable` names that script, so child processes are started in the same way.
"""
