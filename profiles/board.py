"""Board detection, from the files that the kernel provides."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from pathlib import Path

from profiles.profile import Profile, all_profiles, load_profile

_FALLBACK = "generic-arm64"
_DECIMAL_VALUE = re.compile(r":\s*\d+\.\d+$")
_L4T = re.compile(r"# R(?P<major>\d+) \(release\), REVISION: (?P<revision>[\d.]+)")


@dataclass(frozen=True)
class Board:
    """A detected machine."""

    profile: Profile
    model: str | None
    """Name in the device tree; None without a device tree, as on a PC."""
    compatible: tuple[str, ...]
    """`compatible` of the device tree, the most specific entry first."""
    machine: str
    """Output of `uname -m`."""
    l4t: str | None
    """Version of NVIDIA's Linux for Tegra, such as "36.4.3"; None on other boards."""
    evidence: str
    """Why this profile was selected, as a message."""


def detect_board(root: Path = Path("/"), machine: str | None = None) -> Board:
    """Detect the board and its profile: by its model, else by `compatible`, else by its machine.

    A carrier board of another manufacturer has its own model name, but `compatible` still lists the chip.
    Source: https://www.kernel.org/doc/Documentation/devicetree/usage-model.rst.

    Args:
        root: folder that contains `proc` and `etc`.
        machine: output of `uname -m`; None asks the system.
    """
    machine = machine or platform.machine()
    model = next(iter(_strings(root / "proc/device-tree/model")), None)
    compatible = _strings(root / "proc/device-tree/compatible")
    profile, evidence = (
        (_by_model(model) if model else None)
        or _by_compatible(compatible)
        or _by_machine(machine)
        or _fallback(machine)
    )
    return Board(profile, model, compatible, machine, l4t_version(root), evidence)


def l4t_version(root: Path) -> str | None:
    """Return the version in `/etc/nv_tegra_release`: "36.4.3" for `# R36 (release), REVISION: 4.3, …`."""
    try:
        text = (root / "etc/nv_tegra_release").read_text("utf-8", errors="replace")
    except OSError:
        return None
    found = _L4T.match(text)
    return f"{found['major']}.{found['revision']}" if found else None


def processor(root: Path = Path("/")) -> tuple[str, ...]:
    """Return the lines of `/proc/cpuinfo` about the first core, with its instruction set; empty if there are none.

    The lines identify a processor. One SD card may boot several boards, and an instruction of one board may be illegal
    on another one.
    Lines with a decimal number are skipped, because clock and BogoMIPS change all the time.
    """
    try:
        text = (root / "proc/cpuinfo").read_text("utf-8", errors="replace")
    except OSError:
        return ()
    lines = text.partition("\n\n")[0].splitlines()
    return tuple(line for line in lines if not _DECIMAL_VALUE.search(line))


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
    return profile, f"the model in the device tree is {model!r}"


def _by_compatible(compatible: tuple[str, ...]) -> tuple[Profile, str] | None:
    known = {entry: profile for profile in all_profiles() for entry in profile.recognition.compatible}
    for entry in compatible:
        if entry in known:
            return known[entry], f"the device tree is compatible with {entry!r}"
    return None


def _by_machine(machine: str) -> tuple[Profile, str] | None:
    for profile in all_profiles():
        if machine in profile.recognition.machines:
            return profile, f"the board is not in the catalogue, the machine is {machine!r}"
    return None


def _fallback(machine: str) -> tuple[Profile, str]:
    return load_profile(_FALLBACK), f"neither the board nor the machine {machine!r} is in the catalogue"


def _strings(path: Path) -> tuple[str, ...]:
    """Return the NUL-terminated strings of a device tree property; empty if it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError:
        return ()
    return tuple(part for part in content.decode("utf-8", errors="replace").split("\0") if part)
