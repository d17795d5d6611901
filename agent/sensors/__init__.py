"""Sensors of the board: power, energy, temperature, throttling.

- `power`: finds the power reader of this board.
- `ina3221` (Jetson), `pmic` (Raspberry Pi 5), `hwmon` (add-on sensors), `rapl` (x86): power readers.
- `power_sample`: interface of the readers, and the energy of their samples.
- `thermal`: temperature of thermal zones.
- `throttling`: why the board reduces its clock.
- `sources`: files of the kernel, and commands.

A value that cannot be read is None, never 0 and never an estimate. A failing sensor raises no error.
"""
