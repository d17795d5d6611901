"""An arm64 machine with a kernel of its own, under qemu-system, where a driver may do what it does on a board.

What it boots is one initial RAM disk: Debian, the modules that are asked for, the packages and the agent. `/init`
runs a script of ours with the machine's Python. Debian's `qemu-system-arm` and `cpio` are needed.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.arm64.sysroot import DEBIAN, PYTHON, MissingTool, World, debian, install_arm64, once

MACHINE = ("-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "2048", "-nographic", "-no-reboot", "-net", "none")
KERNEL_DEBIAN = f"{DEBIAN},linux-image-arm64,busybox-static,v4l-utils"
NOT_BOOTED = ("boot/", "lib/modules/", "usr/share/doc/", "usr/share/locale/")
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
class Machine:
    """What is booted."""

    world: World
    """Shared by the boards."""
    wheel: Path
    """Of the agent, which is installed."""
    cache: Path
    """The folder in which kernel and disk are kept."""


def run_in_guest(
    machine: Machine, script: Path, *, folders: Mapping[str, Path], modules: Sequence[str], timeout_s: float
) -> str:
    """Boot the machine, run a script in it, and give what was written to its console.

    Args:
        machine: what is booted.
        script: Python; the machine ends when it does.
        folders: further folders, by their names in the machine's root.
        modules: kernel modules; they and those that they need lie in /modules, named in the order to load them.
        timeout_s: for all of it.

    Raises:
        MissingTool: qemu or cpio is missing, or Debian cannot be reached.
        TimeoutError: it did not end in time; the message holds the console.
    """
    emulator = shutil.which("qemu-system-aarch64")
    if emulator is None:
        raise MissingTool("no qemu-system-aarch64; apt-get install --no-install-recommends qemu-system-arm")
    cache, world, packages = machine.cache, machine.world, machine.world.packages
    root = once(cache, "kernel", [KERNEL_DEBIAN, "compiled"], lambda into: debian(KERNEL_DEBIAN, world.emulator, into))
    base = once(cache, "disk", [str(root), str(packages)], lambda into: _pack_base(root, packages, into))
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
        # The kernel takes several archives one after the other for one.
        shutil.copy(base, disk)
        _pack(stage, sorted(stage.rglob("*")), disk)
        kernel = next((root / "boot").glob("vmlinuz-*"))
        return _boot([emulator, *MACHINE, "-kernel", str(kernel), "-initrd", str(disk)], timeout_s)


def _boot(command: Sequence[str], timeout_s: float) -> str:
    """What a machine writes to its console until it ends."""
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
        raise TimeoutError(f"no end within {timeout_s:g} s: {console}") from None
    return done.stdout.decode(errors="replace")


def load_order(root: Path, names: Sequence[str]) -> list[Path]:
    """The files of kernel modules and of all that they need, each after what it needs."""
    paths = {path.stem.replace("-", "_"): path for path in root.glob("lib/modules/*/kernel/**/*.ko")}
    ordered: dict[str, Path] = {}

    def add(name: str) -> None:
        for need in _needs(paths[name]):
            if need not in ordered:
                add(need)
        ordered[name] = paths[name]

    for name in names:
        add(name)
    return list(ordered.values())


def _needs(module: Path) -> Iterator[str]:
    """The modules that one depends on, as its `.modinfo` says: `depends=a,b`, ended by NUL."""
    _, found, rest = module.read_bytes().partition(b"\0depends=")
    names = rest.partition(b"\0")[0].decode() if found else ""
    return (name.replace("-", "_") for name in names.split(",") if name)


def _pack_base(root: Path, packages: Path, into: Path) -> None:
    """Debian without what is not booted, and the packages in a folder of their own name."""
    booted = (path for path in sorted(root.rglob("*")) if not str(path.relative_to(root)).startswith(NOT_BOOTED))
    _pack(root, booted, into)
    _pack(packages.parent, [packages, *sorted(packages.rglob("*"))], into)


def _pack(folder: Path, paths: Iterable[Path], archive: Path) -> None:
    """Add files and folders, each folder before what is in it, to the end of an archive, named from `folder` on."""
    names = "\0".join(str(path.relative_to(folder)) for path in paths)
    with archive.open("ab") as out:
        try:
            subprocess.run(CPIO, cwd=folder, input=names.encode(), stdout=out, check=True)
        except FileNotFoundError:
            raise MissingTool("no cpio; apt-get install cpio") from None
