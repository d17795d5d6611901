"""Deployment of signed bundles from a desktop to boards, with rollback.

Read the modules in the order in which a bundle travels. On the desktop: `manifest` and `sign` define it, `pack`
collects its files, `bundle` writes and reads it, `push` carries it to a board. On the board: `preconditions` are
checked, `slots` and `journal` record what is installed, `install` installs it, `health` waits until it works. This
package uses the agent only through its command line.

On the board everything is in `/var/lib/digit-deploy`. It belongs to root; the service only reads it:

    slots/a/  slots/b/     one version each: artifacts/, config/config.toml, agent -> ../../agents/<digest>
    current -> slots/a     the version in use; replaced by one rename
    agents/<digest>/       a virtual environment, made from the wheels of a bundle
    journal.json           the installation in progress, and the history
    lock                   is locked while one digit-deploy changes something

The service starts `current/agent/bin/digit-agent` if it exists, else the agent that it was installed with.

`digit-deploy recover` undoes an interrupted installation. It runs before the agent starts (`ExecStartPre=` as root, or
a unit of its own). While an installation is running it changes nothing: the installation restarts the service itself.
"""
