"""Power reader for a Raspberry Pi 5: the ADC of its power management chip, by `vcgencmd pmic_read_adc`.

The command prints one line per channel, such as `VDD_CORE_A current(7)=1.42880000A` or
`VDD_CORE_V volt(15)=0.90659250V`. A rail has a current and a voltage with different channel numbers. An older
Raspberry Pi prints an error and exits with 0, so only the output counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.sensors.power_sample import PowerSample
from agent.sensors.sources import RunCommand

COMMAND = ("vcgencmd", "pmic_read_adc")
_AMPERES = re.compile(r"^\s*(\w+)_A current\(\d+\)=(\d+\.\d+)A\s*$", re.MULTILINE)
_VOLTS = re.compile(r"^\s*(\w+)_V volt\(\d+\)=(\d+\.\d+)V\s*$", re.MULTILINE)


def parse_rails(text: str) -> dict[str, float]:
    """Return the power in milliwatts of each rail that has both a current and a voltage."""
    amperes, volts = dict(_AMPERES.findall(text)), dict(_VOLTS.findall(text))
    return {name: float(amperes[name]) * float(volts[name]) * 1000 for name in amperes if name in volts}


@dataclass(frozen=True)
class Pmic:
    """Reader of the rails of a Raspberry Pi 5; each read starts a process, so read it about once a second."""

    rails: frozenset[str]
    run_command: RunCommand
    clock_ns: Callable[[], int]

    @property
    def description(self) -> str:
        """Rails that the total includes."""
        return f"PMIC, sum of {len(self.rails)} rails: without the loss of the PMIC and the power of USB devices"

    def read(self) -> PowerSample | None:
        """Measure now; return None if a rail is missing, because then the sum is not comparable."""
        taken_ns = self.clock_ns()
        rails_mw = parse_rails(self.run_command(COMMAND) or "")
        if rails_mw.keys() != self.rails:
            return None
        return PowerSample(sum(rails_mw.values()), taken_ns)


def find_pmic(run_command: RunCommand, clock_ns: Callable[[], int]) -> Pmic | None:
    """Return a reader of the PMIC; None if the command is missing or reports no rails, as on a Raspberry Pi 4."""
    rails = frozenset(parse_rails(run_command(COMMAND) or ""))
    return Pmic(rails, run_command, clock_ns) if rails else None
