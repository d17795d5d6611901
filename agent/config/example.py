"""The example configuration file: every option, explained and commented out."""

from __future__ import annotations

import json
from textwrap import fill

from agent.config.options import OPTIONS, option_name

HEAD = """\
# Options of `digit-agent run`, with the same names as on the command line. The command line wins over this file.
# Remove the # before an option to set it. A relative path starts at the folder of this file.
# If a source contains a password, hide this file from other users: chown root:digit-agent and chmod 640. Better, put
# the password into a file of its own: password-file.
#
# digit-agent config check         checks this file for mistakes
# digit-agent config show          shows the value of every option and where it comes from
# systemctl reload digit-agent     applies other artifacts and options of the camera; all other changes need a restart
"""
WIDTH = 100


def example() -> str:
    """Return the content of the example file."""
    options = (
        f"{fill(option.help, WIDTH, initial_indent='# ', subsequent_indent='# ')}\n"
        f"# {option_name(name)} = {json.dumps(option.example)}\n"
        for name, option in OPTIONS.items()
    )
    return "\n".join((HEAD, *options))
