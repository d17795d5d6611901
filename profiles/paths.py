"""Paths that the agent and `digit-deploy` share on a board."""

from __future__ import annotations

from pathlib import Path

DEPLOY_ROOT = Path("/var/lib/digit-deploy")
"""Folder into which `digit-deploy` installs."""
CURRENT_LINK = "current"
"""Symbolic link in the deploy root that points to the slot in use."""
RUNTIME_FOLDER = Path("/run/digit-agent")
"""The service's `$RUNTIME_DIRECTORY`: a folder in RAM that systemd removes when the service stops."""
