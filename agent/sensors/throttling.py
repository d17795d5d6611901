"""What holds the board back by itself: a Raspberry Pi's firmware says so, a Jetson Orin counts it.

Pi: `vcgencmd get_throttled`, https://www.raspberrypi.com/documentation/computers/os.html#get_throttled.
Orin: `oc1_event_cnt` to `oc3_event_cnt` of the hwmon chip `soctherm_oc`, "Platform Power and Performance" in NVIDIA's
Jetson Linux Developer Guide: how often the voltage was too low, and the current too high on average and for a moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agent.sensors.command import RunCommand, run_command
from agent.sensors.sysfs import read_number, read_text
from profiles.profile import Sensors

# Without a mask: `get_throttled 0x…` would clear the sticky bits, for everybody.
COMMAND = ("vcgencmd", "get_throttled")
UNDER_VOLTAGE = "under-voltage"
FLAGS = (UNDER_VOLTAGE, "frequency capped", "throttled", "soft temperature limit")
"""Bits 0 to 3; bits 16 to 19 are the same, since boot."""
COUNTERS = {"oc1": UNDER_VOLTAGE, "oc2": "over-current", "oc3": "over-current for a moment"}
WEAK_SUPPLY = "the power supply or its cable gives the board too little: use the board's own supply and a short cable"
HOT = "the board is too hot: give it a heat sink, a fan or a cooler place"
_SINCE_BOOT = 16
_ANSWER = re.compile(r"^throttled=0x([0-9a-fA-F]+)\s*$")


@dataclass(frozen=True)
class Throttling:
    """What holds the board back, in the words of `FLAGS` and `COUNTERS`."""

    now: tuple[str, ...]
    since_boot: tuple[str, ...]


ThrottlingReader = Callable[[], "Throttling | None"]
"""Asks the board; None where it cannot be asked."""


def find_throttling_reader(
    sensors: Sensors, root: Path = Path("/"), run_command: RunCommand = run_command
) -> ThrottlingReader | None:
    """How this board says what holds it back; None where its profile knows no way.

    Args:
        sensors: the profile's.
        root: the folder in which `sys` is looked up.
        run_command: asks the firmware.
    """
    if sensors.throttled == "vcgencmd":
        return partial(read_throttling, run_command)
    return Soctherm(root) if sensors.throttled == "soctherm" else None


def advice(words: tuple[str, ...]) -> str:
    """What a user can do about it, in plain words."""
    electric = any(word == UNDER_VOLTAGE or word in COUNTERS.values() for word in words)
    return WEAK_SUPPLY if electric else HOT


def read_throttling(run_command: RunCommand) -> Throttling | None:
    """What the Pi's firmware says; None where it cannot be asked."""
    return parse_throttling(run_command(COMMAND) or "")


def parse_throttling(text: str) -> Throttling | None:
    """Read `throttled=0x50005`; None where the text is something else."""
    answer = _ANSWER.match(text)
    if answer is None:
        return None
    bits = int(answer[1], 16)
    return Throttling(_words(bits), _words(bits >> _SINCE_BOOT))


def _words(bits: int) -> tuple[str, ...]:
    return tuple(flag for bit, flag in enumerate(FLAGS) if bits >> bit & 1)


class Soctherm:
    """Reads an Orin's counters; what was counted since the read before is now, and at first nothing is."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._before: dict[str, int] = {}

    def __call__(self) -> Throttling | None:
        """What holds the board back; None where a counter cannot be read."""
        chips = (self._root / "sys/class/hwmon").glob("hwmon*/name")
        folder = next((name.parent for name in chips if read_text(name) == "soctherm_oc"), None)
        if folder is None:
            return None
        counts = {name: read_number(folder / f"{name}_event_cnt") for name in COUNTERS}
        known = {name: count for name, count in counts.items() if count is not None}
        if len(known) < len(counts):
            return None
        before, self._before = self._before, known
        now = tuple(COUNTERS[name] for name in known if known[name] > before.get(name, known[name]))
        return Throttling(now, tuple(COUNTERS[name] for name in known if known[name] > 0))
