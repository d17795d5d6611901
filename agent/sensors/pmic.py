"""Power on a Raspberry Pi 5: the ADC of its power management chip, asked through `vcgencmd pmic_read_adc`.

It prints a line for each channel, `VDD_CORE_A current(7)=1.42880000A` or `VDD_CORE_V volt(15)=0.90659250V`; a rail has
one of each, under channel numbers that differ. An older Pi prints an error and exits with 0, so only the text counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.sensors.command import RunCommand
from agent.sensors.sample import PowerSample

COMMAND = ("vcgencmd", "pmic_read_adc")
_AMPERES = re.compile(r"^\s*(\w+)_A current\(\d+\)=(\d+\.\d+)A\s*$", re.MULTILINE)
_VOLTS = re.compile(r"^\s*(\w+)_V volt\(\d+\)=(\d+\.\d+)V\s*$", re.MULTILINE)


def parse_rails(text: str) -> dict[str, float]:
    """Milliwatts of each rail that has both a current and a voltage; empty where the text has none."""
    amperes, volts = dict(_AMPERES.findall(text)), dict(_VOLTS.findall(text))
    return {name: float(amperes[name]) * float(volts[name]) * 1000 for name in amperes if name in volts}


@dataclass(frozen=True)
class Pmic:
    """Reads the rails of a Pi 5; starts a process each time, so once a second is often enough."""

    rails: frozenset[str]
    run_command: RunCommand
    clock_ns: Callable[[], int]

    @property
    def describe(self) -> str:
        """What the total includes."""
        return f"PMIC, sum of {len(self.rails)} rails: without the PMIC's own loss and what USB draws"

    def read(self) -> PowerSample | None:
        """Measure now; None where the answer lacks a rail, for then the sum would be of something else."""
        taken_ns = self.clock_ns()
        rails_mw = parse_rails(self.run_command(COMMAND) or "")
        if rails_mw.keys() != self.rails:
            return None
        return PowerSample(sum(rails_mw.values()), taken_ns, rails_mw)


def find_pmic(run_command: RunCommand, clock_ns: Callable[[], int]) -> Pmic | None:
    """The Pi's PMIC; None where the command is missing, or knows no rails, as on a Pi 4 and older."""
    rails = frozenset(parse_rails(run_command(COMMAND) or ""))
    return Pmic(rails, run_command, clock_ns) if rails else None
