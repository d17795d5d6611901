"""A configuration file to start from: every option, explained and commented out."""

from __future__ import annotations

import json
from textwrap import fill

from agent.config.options import OPTIONS, spelling

HEAD = """\
# Options of `digit-agent run`, by their names on its command line, which wins over this file.
# Take the # away from an option to set it. A path that is relative counts from the folder of this file.
# Where a source holds a password: chown root:digit-agent and chmod 640 this file, which keep it from others.
#
# digit-agent config check    says whether this file is right
# digit-agent config show     says what holds, and why
# systemctl reload digit-agent     takes over other artifacts; what else was changed here waits for a restart
"""
WIDTH = 100


def example() -> str:
    """The file's content."""
    options = (
        f"{fill(option.help, WIDTH, initial_indent='# ', subsequent_indent='# ')}\n"
        f"# {spelling(name)} = {json.dumps(option.example)}\n"
        for name, option in OPTIONS.items()
    )
    return "\n".join((HEAD, *options))
