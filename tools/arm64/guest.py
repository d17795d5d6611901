"""Boot an arm64 virtual machine with a kernel of its own under qemu-system, to test with real drivers.

It boots from an initial RAM disk with Debian, the requested kernel modules, the packages and the agent. `/init` runs a
script with the machine's Python. Needs Debian's packages `qemu-system-arm` and `cpio`.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.arm64.sysroot import DEBIAN, PYTHON, MissingToolError, Sysroot, build_once, install_arm64, unpack_debian

MACHINE = ("-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "2048", "-nographic", "-no-reboot", "-net", "none")
KERNEL_DEBIAN = f"{DEBIAN},linux-image-arm64,busybox-static,v4l-utils"
EXCLUDED = ("boot/", "lib/modules/", "usr/share/doc/", "usr/share/locale/")
CPIO = ("cpio", "--quiet", "--null", "--create", "--format=newc")
INIT = f"""#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /run /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t tmpfs tmpfs /run
/bin/busybox ip link set lo up
export PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/root LANG=C.UTF-8 PYTHONPATH=/agent:$(echo /packages-*)
/usr/bin/python{PYTHON} -u /guest.py
/bin/busybox poweroff -f
"""


@dataclass(frozen=True)
class VirtualMachine:
    """Parts of a virtual machine."""

    sysroot: Sysroot
    wheel: Path
    """Wheel of the agent to install."""
    cache: Path
    """Folder in which kernel and disk are cached."""


def run_in_guest(
    machine: VirtualMachine, script: Path, *, folders: Mapping[str, Path], modules: Sequence[str], timeout_s: float
) -> str:
    """Boot the machine, run a script in it, and return the console output.

    Args:
        machine: parts of the machine.
        script: Python script; the machine powers off when it ends.
        folders: further folders, by their names in the machine's root.
        modules: kernel modules. They and their dependencies are put into /modules, numbered in loading order.
        timeout_s: limit for the whole run, in seconds.

    Raises:
        MissingToolError: qemu or cpio is missing, or Debian's mirror cannot be reached.
        TimeoutError: the machine did not power off in time; the message holds the console output.
    """
    emulator = shutil.which("qemu-system-aarch64")
    if emulator is None:
        raise MissingToolError(
            "no qemu-system-aarch64", advice="apt-get install --no-install-recommends qemu-system-arm"
        )
    cache, sysroot, packages = machine.cache, machine.sysroot, machine.sysroot.packages
    root = build_once(
        cache, "kernel", [KERNEL_DEBIAN, "compiled"], lambda into: unpack_debian(KERNEL_DEBIAN, sysroot.emulator, into)
    )
    base = build_once(cache, "disk", [str(root), str(packages)], lambda into: _pack_base(root, packages, into))
    with tempfile.TemporaryDirectory() as scratch:
        stage, disk = Path(scratch) / "stage", Path(scratch) / "disk.cpio"
        install_arm64([str(machine.wheel)], stage / "agent", "--no-deps")
        shutil.copy(script, stage / "guest.py")
        (stage / "init").write_text(INIT)
        (stage / "init").chmod(0o755)
        (stage / "modules").mkdir()
        for number, module in enumerate(load_order(root, modules)):
            shutil.copy(module, stage / "modules" / f"{number:02}-{module.name}")
        for name, folder in folders.items():
            shutil.copytree(folder, stage / name)
        # The kernel unpacks concatenated archives one after the other.
        shutil.copy(base, disk)
        _pack(stage, sorted(stage.rglob("*")), disk)
        kernel = next((root / "boot").glob("vmlinuz-*"))
        return _boot([emulator, *MACHINE, "-kernel", str(kernel), "-initrd", str(disk)], timeout_s)


def _boot(command: Sequence[str], timeout_s: float) -> str:
    """Run a machine until it powers off and return its console output."""
    kernel = ("-append", "console=ttyAMA0 quiet panic=-1")
    try:
        done = subprocess.run(
            [*command, *kernel],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        console = (error.stdout or b"").decode(errors="replace")
        raise TimeoutError(f"the machine did not power off within {timeout_s:g} s: {console}") from None
    return done.stdout.decode(errors="replace")


def load_order(root: Path, names: Sequence[str]) -> list[Path]:
    """Return the files of kernel modules and their dependencies, each module after its dependencies."""
    paths = {path.stem.replace("-", "_"): path for path in root.glob("lib/modules/*/kernel/**/*.ko")}
    ordered: dict[str, Path] = {}

    def add(name: str) -> None:
        for dependency in _dependencies(paths[name]):
            if dependency not in ordered:
                add(dependency)
        ordered[name] = paths[name]

    for name in names:
        add(name)
    return list(ordered.values())


def _dependencies(module: Path) -> Iterator[str]:
    """Yield the modules that a module depends on; its `.modinfo` holds `depends=a,b`, ended by NUL."""
    _, found, rest = module.read_bytes().partition(b"\0depends=")
    names = rest.partition(b"\0")[0].decode() if found else ""
    return (name.replace("-", "_") for name in names.split(",") if name)


def _pack_base(root: Path, packages: Path, into: Path) -> None:
    """Pack Debian without unneeded files, and the folder of packages."""
    booted = (path for path in sorted(root.rglob("*")) if not str(path.relative_to(root)).startswith(EXCLUDED))
    _pack(root, booted, into)
    _pack(packages.parent, [packages, *sorted(packages.rglob("*"))], into)


def _pack(folder: Path, paths: Iterable[Path], archive: Path) -> None:
    """Append files and folders to an archive, with paths relative to `folder`; a folder comes before its contents."""
    names = "\0".join(str(path.relative_to(folder)) for path in paths)
    with archive.open("ab") as out:
        try:
            subprocess.run(CPIO, cwd=folder, input=names.encode(), stdout=out, check=True)
        except FileNotFoundError:
            raise MissingToolError("no cpio", advice="apt-get install cpio") from None
