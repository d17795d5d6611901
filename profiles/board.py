"""Which board this is, from what its kernel says."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from pathlib import Path

from profiles.profile import Profile, all_profiles, load_profile

_FALLBACK = "generic-arm64"
_FIGURE = re.compile(r":\s*\d+\.\d+$")
_L4T = re.compile(r"# R(?P<major>\d+) \(release\), REVISION: (?P<revision>[\d.]+)")


@dataclass(frozen=True)
class Board:
    """The machine that this runs on."""

    profile: Profile
    model: str | None
    """What the device tree calls it; None where there is no device tree, as on a PC."""
    compatible: tuple[str, ...]
    """The device tree's `compatible`, the most specific entry first."""
    machine: str
    """What `uname -m` says."""
    l4t: str | None
    """NVIDIA's Linux for Tegra, such as "36.4.3"; None elsewhere."""
    how: str
    """How the profile was found, for people."""


def detect_board(root: Path = Path("/"), machine: str | None = None) -> Board:
    """Find the profile of this board: by its model, else by `compatible`, else by its machine.

    The device tree is described in https://www.kernel.org/doc/Documentation/devicetree/usage-model.rst; its strings
    end in NUL. A carrier board of another maker has a model of its own, but keeps its chip in `compatible`.

    Args:
        root: the folder in which `proc` and `etc` are looked up.
        machine: what `uname -m` says; None asks the system.
    """
    machine = machine or platform.machine()
    model = next(iter(_strings(root / "proc/device-tree/model")), None)
    compatible = _strings(root / "proc/device-tree/compatible")
    profile, how = (
        (_by_model(model) if model else None)
        or _by_compatible(compatible)
        or _by_machine(machine)
        or _fallback(machine)
    )
    return Board(profile, model, compatible, machine, l4t_version(root), how)


def l4t_version(root: Path) -> str | None:
    """The release in `/etc/nv_tegra_release`, "36.4.3" for `# R36 (release), REVISION: 4.3, …`."""
    try:
        text = (root / "etc/nv_tegra_release").read_text("utf-8", errors="replace")
    except OSError:
        return None
    found = _L4T.match(text)
    return f"{found['major']}.{found['revision']}" if found else None


def processor(root: Path = Path("/")) -> tuple[str, ...]:
    """What the kernel says of the first core, its instructions among it; empty where it says nothing.

    One medium may boot several boards of a kind, and what runs on one is an illegal instruction on another. Lines of
    figures are left out, for some change by the moment: the clock, and BogoMIPS with it.
    """
    try:
        text = (root / "proc/cpuinfo").read_text("utf-8", errors="replace")
    except OSError:
        return ()
    lines = text.partition("\n\n")[0].splitlines()
    return tuple(line for line in lines if not _FIGURE.search(line))


def _by_model(model: str) -> tuple[Profile, str] | None:
    prefixes = [
        (prefix, profile)
        for profile in all_profiles()
        for prefix in profile.recognition.model_prefixes
        if model.startswith(prefix)
    ]
    if not prefixes:
        return None
    _, profile = max(prefixes, key=lambda pair: len(pair[0]))
    return profile, f"its device tree says {model!r}"


def _by_compatible(compatible: tuple[str, ...]) -> tuple[Profile, str] | None:
    known = {entry: profile for profile in all_profiles() for entry in profile.recognition.compatible}
    for entry in compatible:
        if entry in known:
            return known[entry], f"its device tree is compatible with {entry!r}"
    return None


def _by_machine(machine: str) -> tuple[Profile, str] | None:
    for profile in all_profiles():
        if machine in profile.recognition.machines:
            return profile, f"no board of the catalogue, but its machine is {machine!r}"
    return None


def _fallback(machine: str) -> tuple[Profile, str]:
    return load_profile(_FALLBACK), f"neither its board nor its machine {machine!r} is in the catalogue"


def _strings(path: Path) -> tuple[str, ...]:
    """The NUL-terminated strings of a device tree's property; empty where it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError:
        return ()
    return tuple(part for part in content.decode("utf-8", errors="replace").split("\0") if part)
