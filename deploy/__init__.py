"""From the desktop to the board, and back when it fails.

Read it as a bundle travels: `manifest` and `sign` say what it is, `bundle` writes it and reads it; on the board
`slots` and `journal` say what is installed, `install` puts it there, `health` tells whether it works.
The agent is reached through its command line alone.

On the board, in `/var/lib/digit-deploy`, which belongs to root and which the service only reads:

    slots/a/  slots/b/     one version each: artifacts/, config/config.toml, agent -> ../../agents/<digest>
    current -> slots/a     what the agent uses; replaced by one rename
    agents/<digest>/       a virtual environment, made of the wheels that a bundle brought
    journal.json           what is being tried, and what was done

The service starts `current/agent/bin/digit-agent` where it is there, else the agent that the service came with.

What was interrupted is undone by `digit-deploy recover`, which belongs before the agent's start (ExecStartPre= as root,
or a unit of its own). While an install is at work it does nothing, so that the install's own restart passes through.
"""
