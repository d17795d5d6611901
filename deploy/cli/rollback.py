"""`digit-deploy rollback`: go back to the previous version."""

from __future__ import annotations

from deploy.cli.options import (
    FRAMES,
    TIMEOUT_S,
    Frames,
    HealthFile,
    Json,
    PublicKey,
    Restart,
    Root,
    Timeout,
    say,
    say_json,
    this_machine,
)
from profiles.paths import DEPLOY_ROOT


def rollback(
    *,
    root: Root = DEPLOY_ROOT,
    public_key: PublicKey = None,
    restart: Restart = None,
    health: HealthFile = None,
    frames: Frames = FRAMES,
    timeout: Timeout = TIMEOUT_S,
    json: Json = False,
) -> None:
    """Go back to the version in the other slot and restart the service. A second rollback reverses the first.

    If an installation was interrupted, it is undone instead. A version whose key was withdrawn is not used again.

    Example: `sudo digit-deploy rollback`
    """
    from deploy.install import roll_back
    from deploy.trust import TRUSTED_KEYS, load_keys

    keys = load_keys(public_key or TRUSTED_KEYS) if public_key or TRUSTED_KEYS.exists() else None
    machine = this_machine(restart=restart, health=health, frames=frames, timeout=timeout)
    outcome = roll_back(root, machine, keys)
    if json:
        say_json(outcome)
        return
    now = f"version {outcome.version}" if outcome.version else "the version that shipped with the agent"
    say(f"{now} is in use again, instead of version {outcome.previous}")
