"""What the board feels: power, energy, temperature, throttling.

- `power`: finds this board's power reader. `sample` says what one is.
- `ina3221` (Jetson), `pmic` (Raspberry Pi 5), `hwmon` (add-on sensors), `rapl` (x86): the readers.
- `energy`: from timed samples to millijoules.
- `thermal`: temperature by zone. `throttling`: what holds the board back by itself.
- `sysfs`, `command`: how the kernel's files and the firmware's command are read.

A reading that cannot be had is None, never 0 and never a guess. Nothing here raises for a sensor that fails.
"""
