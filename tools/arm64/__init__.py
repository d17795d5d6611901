"""Emulate an arm64 board on a desktop: its programs run under qemu, with the files that identify the board.

- `sysroot`: the parts that all boards share; they are downloaded once and cached.
- `root_file_system`: the files and programs of one board.
- `boards`: the contents of /proc and /sys of seven boards.
- `guest`: a virtual machine with a kernel of its own.

Neither root nor binfmt_misc is needed: the board's Python is a script that starts qemu. `sys.executable` is the path of
that script, so child processes start in the same way.
"""
