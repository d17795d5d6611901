"""`digit-deploy receive`: install a bundle from standard input, and take nothing else from the caller."""

from __future__ import annotations

from pathlib import Path


def receive() -> None:
    """Install a bundle from standard input; `digit-deploy push` calls it on the board.

    It has no options, so a user may be allowed to run it as root without being root. In `/etc/sudoers.d/digit-deploy`:

    `deployer ALL=(root) NOPASSWD: /usr/local/bin/digit-deploy receive`

    Example: `sudo digit-deploy receive < digit-agent-1.4-pi4.bundle`
    """
    from deploy.cli.install import install

    install(Path("-"), json=True)
