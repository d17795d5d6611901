"""Throttling: reasons for which the board reduces its clock.

Raspberry Pi: `vcgencmd get_throttled`, https://www.raspberrypi.com/documentation/computers/os.html#get_throttled.
Jetson Orin: `oc1_event_cnt` to `oc3_event_cnt` of the hwmon chip `soctherm_oc` count under-voltage, a too high average
current, and a too high peak current; see "Platform Power and Performance" in NVIDIA's Jetson Linux Developer Guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agent.sensors.sources import RunCommand, read_number, read_text, run_command
from profiles.profile import Sensors

# Without a mask: `get_throttled 0x…` clears the sticky bits for all programs.
COMMAND = ("vcgencmd", "get_throttled")
UNDER_VOLTAGE = "under-voltage"
FLAGS = (UNDER_VOLTAGE, "frequency capped", "throttled", "soft temperature limit")
"""Meaning of bits 0 to 3; bits 16 to 19 have the same meaning, since boot."""
COUNTERS = {"oc1": UNDER_VOLTAGE, "oc2": "over-current", "oc3": "over-current for a moment"}
"""Meaning of the counters of a Jetson Orin."""
WEAK_SUPPLY = "the power supply or its cable gives the board too little: use the board's own supply and a short cable"
HOT = "the board is too hot: give it a heat sink, a fan or a cooler place"
_SINCE_BOOT = 16
_ANSWER = re.compile(r"^throttled=0x([0-9a-fA-F]+)\s*$")


@dataclass(frozen=True)
class Throttling:
    """Reasons for throttling, in the words of `FLAGS` and `COUNTERS`."""

    now: tuple[str, ...]
    since_boot: tuple[str, ...]


ThrottlingReader = Callable[[], "Throttling | None"]
"""Reads the throttling state; None if it cannot be read."""


def find_throttling_reader(
    sensors: Sensors, root: Path = Path("/"), run_command: RunCommand = run_command
) -> ThrottlingReader | None:
    """Return the throttling reader of this board; None if its profile names none.

    Args:
        sensors: sensors of the profile.
        root: folder that contains `sys`.
        run_command: runs the command of a Raspberry Pi's firmware.
    """
    if sensors.throttled == "vcgencmd":
        return partial(read_throttling, run_command)
    return Soctherm(root) if sensors.throttled == "soctherm" else None


def throttling_advice(reasons: tuple[str, ...]) -> str:
    """Return what the user can do about these reasons for throttling."""
    electric = any(reason == UNDER_VOLTAGE or reason in COUNTERS.values() for reason in reasons)
    return WEAK_SUPPLY if electric else HOT


def read_throttling(run_command: RunCommand) -> Throttling | None:
    """Ask the firmware of a Raspberry Pi; return None if it does not answer."""
    return parse_throttling(run_command(COMMAND) or "")


def parse_throttling(text: str) -> Throttling | None:
    """Parse `throttled=0x50005`; return None for any other text."""
    answer = _ANSWER.match(text)
    if answer is None:
        return None
    bits = int(answer[1], 16)
    return Throttling(_words(bits), _words(bits >> _SINCE_BOOT))


def _words(bits: int) -> tuple[str, ...]:
    return tuple(flag for bit, flag in enumerate(FLAGS) if bits >> bit & 1)


class Soctherm:
    """Reader of a Jetson Orin's counters; a counter that rose since the previous read is a current reason."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._previous: dict[str, int] = {}

    def __call__(self) -> Throttling | None:
        """Read the counters; return None if one cannot be read."""
        chips = (self._root / "sys/class/hwmon").glob("hwmon*/name")
        folder = next((name.parent for name in chips if read_text(name) == "soctherm_oc"), None)
        if folder is None:
            return None
        counts = {name: read_number(folder / f"{name}_event_cnt") for name in COUNTERS}
        known = {name: count for name, count in counts.items() if count is not None}
        if len(known) < len(counts):
            return None
        previous, self._previous = self._previous, known
        now = tuple(COUNTERS[name] for name in known if known[name] > previous.get(name, known[name]))
        return Throttling(now, tuple(COUNTERS[name] for name in known if known[name] > 0))
