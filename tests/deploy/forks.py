"""Installs a bundle again and again, each time in a process of its own that waits to be traced.

For each line on stdin, the arguments of `digit-deploy`, a child that has imported everything stops itself; its id goes
to stdout, and later how it ended: its exit code, or minus the number of the signal.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys

import deploy.bundle
import deploy.cli
import deploy.cli.app
import deploy.install
import deploy.sign

if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDWR), 0)
            os.dup2(0, 1)
            sys.argv = ["digit-deploy", *shlex.split(line)]
            os.kill(os.getpid(), signal.SIGSTOP)
            deploy.cli.main()
        os.write(1, f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())
