"""Seven boards: the files that their kernels show in /proc and /sys, and the answers of the Pi's firmware.

The models and `compatible` strings come from the boards' device trees, the part numbers of processors from Arm's
 manuals. Formats of the sensors: https://www.kernel.org/doc/Documentation/hwmon/ina3221.rst, hwmon/ina2xx.rst, NVIDIA's
 iio driver of JetPack 4, and https://www.raspberrypi.com/documentation/computers/os.html for `vcgencmd`. The measured
 values are invented.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

I2C = "sys/bus/i2c/devices"
HWMON = "sys/class/hwmon"
THERMAL = "sys/class/thermal"
NO_PMIC = 'error=1 error_msg="Command not registered"'
"""Answer of the firmware to `pmic_read_adc` on a Pi before the Pi 5."""
V8_0 = "fp asimd evtstrm crc32 cpuid"
"""Features of cores with Armv8.0, as in /proc/cpuinfo."""
V8_2 = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"
"""Features of cores with Armv8.2, as in /proc/cpuinfo."""

Files = Mapping[str, str]
"""Contents of files, by their paths relative to the root."""


@dataclass(frozen=True)
class Core:
    """A processor core."""

    qemu: str
    """Name of the core in qemu."""
    part: int
    """Arm's part number, the `CPU part` of /proc/cpuinfo."""
    features: str
    """The `Features` of /proc/cpuinfo."""


A53 = Core("cortex-a53", 0xD03, V8_0)
A57 = Core("cortex-a57", 0xD07, V8_0)
A72 = Core("cortex-a72", 0xD08, V8_0)
A76 = Core("cortex-a76", 0xD0B, V8_2)
A78AE = Core("cortex-a76", 0xD42, V8_2)
"""Emulated as an A76, because qemu 7.2 has no A78AE. Both have the int8 dot product and fp16."""


@dataclass(frozen=True)
class EmulatedBoard:
    """A board that is emulated."""

    model: str
    compatible: Sequence[str]
    core: Core
    cores: int
    files: Files
    """Further files of the board, as text."""
    vcgencmd: Mapping[str, str] = field(default_factory=dict)
    """Answer of the firmware to each command; empty on boards without `vcgencmd`."""

    def cpuinfo(self) -> str:
        """Return the content of /proc/cpuinfo."""
        lines = (
            "BogoMIPS\t: 108.00",
            f"Features\t: {self.core.features}",
            "CPU implementer\t: 0x41",
            "CPU architecture: 8",
            "CPU variant\t: 0x0",
            f"CPU part\t: {self.core.part:#x}",
            "CPU revision\t: 3",
        )
        cores = ("\n".join((f"processor\t: {number}", *lines)) for number in range(self.cores))
        return "\n\n".join((*cores, f"Model\t\t: {self.model}"))


def thermal(**zones_mc: int) -> Files:
    """Return the files of thermal zones; arguments: millidegrees Celsius, by the type of the zone."""
    return {
        f"{THERMAL}/thermal_zone{number}/{name}": value
        for number, (kind, millidegrees) in enumerate(zones_mc.items())
        for name, value in (("type", kind.replace("_", "-")), ("temp", str(millidegrees)))
    }


def ina3221(device: str, *rails: tuple[str, int, int]) -> Files:
    """Return the files of a Jetson's INA3221 as JetPack 5 and later show it.

    Args:
        device: I2C address, such as "1-0040".
        rails: label, millivolts and milliamperes of each rail.
    """
    folder = f"{I2C}/{device}/hwmon/hwmon{device[-1]}"
    files = {f"{I2C}/{device}/name": "ina3221", f"{folder}/in7_label": "sum of shunt voltages"}
    for k, (label, millivolts, milliamperes) in enumerate(rails, 1):
        values = {f"in{k}_label": label, f"in{k}_input": str(millivolts), f"curr{k}_input": str(milliamperes)}
        files |= {f"{folder}/{name}": value for name, value in values.items()}
    return files


def ina3221_iio(device: str, *rails: tuple[str, int, int]) -> Files:
    """Return the files of a Jetson's INA3221 as JetPack 4 shows it; see `ina3221`."""
    files = {f"{I2C}/{device}/name": "ina3221x"}
    for k, (label, millivolts, milliamperes) in enumerate(rails):
        values = {f"rail_name_{k}": label, f"in_voltage{k}_input": millivolts, f"in_current{k}_input": milliamperes}
        files |= {f"{I2C}/{device}/iio:device0/{name}": str(value) for name, value in values.items()}
    return files


def pmic(rails: Mapping[str, tuple[float, float]]) -> str:
    """Return a Pi 5's answer to `pmic_read_adc`; `rails` gives amperes and volts of each rail."""
    amperes = [f" {name}_A current({k})={a:.8f}A" for k, (name, (a, _)) in enumerate(rails.items())]
    volts = [f" {name}_V volt({k})={v:.8f}V" for k, (name, (_, v)) in enumerate(rails.items(), len(rails))]
    return "\n".join([*amperes, *volts, "  EXT5V_V volt(24)=5.12852000V"])


def camera(name: str) -> Files:
    """Return the files of a camera's video device."""
    folder = "sys/class/video4linux/video0"
    return {f"{folder}/name": name, f"{folder}/index": "0", "dev/video0": ""}


def soctherm(**counts: int) -> Files:
    """Return the files of an Orin's counters of over-current events."""
    files = {f"{HWMON}/hwmon7/{name}_event_cnt": str(count) for name, count in counts.items()}
    return {f"{HWMON}/hwmon7/name": "soctherm_oc", **files}


PI5_RAILS = {
    "3V7_WL_SW": (0.084, 3.705),
    "3V3_SYS": (0.053, 3.310),
    "1V8_SYS": (0.140, 1.802),
    "DDR_VDD2": (0.023, 1.108),
    "DDR_VDDQ": (0.0, 0.608),
    "1V1_SYS": (0.178, 1.105),
    "0V8_SW": (0.339, 0.801),
    "VDD_CORE": (1.429, 0.907),
    "0V8_AON": (0.004, 0.799),
    "3V3_DAC": (0.0001, 3.310),
    "3V3_ADC": (0.0004, 3.307),
    "HDMI": (0.022, 5.096),
}
INA219 = {
    f"{HWMON}/hwmon2/name": "ina219",
    f"{HWMON}/hwmon2/power1_input": "2540000",
    f"{HWMON}/hwmon2/shunt_resistor": "100000",
}
ORIN_TEMPERATURES = thermal(cpu_thermal=47_500, tj_thermal=49_125, PMIC_Die=100_000)
R36 = {"etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64"}
R32 = {"etc/nv_tegra_release": "# R32 (release), REVISION: 7.4, GCID: 33514132, BOARD: t210ref, EABI: aarch64"}

BOARDS: Mapping[str, EmulatedBoard] = {
    "pi-zero-2w": EmulatedBoard(
        "Raspberry Pi Zero 2 W Rev 1.0",
        ("raspberrypi,model-zero-2-w", "brcm,bcm2837"),
        A53,
        4,
        thermal(cpu_thermal=48_312),
        {"get_throttled": "throttled=0x0", "pmic_read_adc": NO_PMIC},
    ),
    "pi-3b-plus": EmulatedBoard(
        "Raspberry Pi 3 Model B Plus Rev 1.3",
        ("raspberrypi,3-model-b-plus", "brcm,bcm2837"),
        A53,
        4,
        {**thermal(cpu_thermal=61_224), **INA219},
        {"get_throttled": "throttled=0x80008", "pmic_read_adc": NO_PMIC},
    ),
    "pi-4b": EmulatedBoard(
        "Raspberry Pi 4 Model B Rev 1.5",
        ("raspberrypi,4-model-b", "brcm,bcm2711"),
        A72,
        4,
        {**thermal(cpu_thermal=52_095), **camera("HD Pro Webcam C920")},
        {"get_throttled": "throttled=0x50005", "pmic_read_adc": NO_PMIC},
    ),
    "pi-5": EmulatedBoard(
        "Raspberry Pi 5 Model B Rev 1.0",
        ("raspberrypi,5-model-b", "brcm,bcm2712"),
        A76,
        4,
        {**thermal(cpu_thermal=50_750), **camera("rp1-cfe-csi2_ch0")},
        {"get_throttled": "throttled=0x0", "pmic_read_adc": pmic(PI5_RAILS)},
    ),
    "orin-nano": EmulatedBoard(
        "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super",
        ("nvidia,p3768-0000+p3767-0005-super", "nvidia,p3767-0005", "nvidia,tegra234"),
        A78AE,
        6,
        {
            **ina3221("1-0040", ("VDD_IN", 5072, 960), ("VDD_CPU_GPU_CV", 5064, 168), ("VDD_SOC", 5064, 288)),
            **soctherm(oc1=0, oc2=0, oc3=0),
            **camera("vi-output, imx219 9-0010"),
            **ORIN_TEMPERATURES,
            **R36,
        },
    ),
    "agx-orin": EmulatedBoard(
        "NVIDIA Jetson AGX Orin Developer Kit",
        ("nvidia,p3737-0000+p3701-0005", "nvidia,p3701-0005", "nvidia,tegra234"),
        A78AE,
        12,
        {
            **ina3221("1-0040", ("VDD_GPU_SOC", 19096, 168), ("VDD_CPU_CV", 19096, 42), ("VIN_SYS_5V0", 4992, 600)),
            **ina3221("1-0041", ("NC", 0, 0), ("VDDQ_VDD2_1V8AO", 4992, 120), ("NC", 0, 0)),
            **soctherm(oc1=0, oc2=3, oc3=0),
            **ORIN_TEMPERATURES,
            **R36,
        },
    ),
    "nano": EmulatedBoard(
        "NVIDIA Jetson Nano Developer Kit",
        ("nvidia,p3450-0000", "nvidia,jetson-nano", "nvidia,tegra210"),
        A57,
        4,
        {
            **ina3221_iio("6-0040", ("POM_5V_IN", 5041, 420), ("POM_5V_GPU", 5041, 40), ("POM_5V_CPU", 5033, 120)),
            **thermal(AO_therm=39_500, CPU_therm=38_000, PMIC_Die=100_000),
            **R32,
        },
    ),
}
