"""The modules that a program imports, to find what makes it slow on a machine of any speed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def imported_modules(program: Path, *arguments: str) -> set[str]:
    """Run a program written in Python, and return the names of all modules that it imported.

    Python lists them itself: https://docs.python.org/3/using/cmdline.html#cmdoption-X
    """
    command = [sys.executable, "-X", "importtime", str(program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip() for line in lines}
