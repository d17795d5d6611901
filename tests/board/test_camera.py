"""The agent with a real /dev/video0: the kernel's virtual camera, in an arm64 virtual machine under qemu."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tools.arm64.guest import VirtualMachine, run_in_guest
from tools.arm64.sysroot import MissingToolError, Sysroot

SCRIPT = Path(__file__).with_name("unplug.py")


@pytest.mark.timeout(600)
def test_a_camera_is_reconnected_after_it_was_unplugged(
    sysroot: Sysroot, wheel: Path, cache: Path, small_artifacts: Mapping[str, Path]
) -> None:
    machine = VirtualMachine(sysroot, wheel, cache)
    try:
        console = run_in_guest(
            machine, SCRIPT, folders={"artifacts": small_artifacts["classifier"]}, modules=["vivid"], timeout_s=540
        )
    except MissingToolError as error:
        pytest.skip(str(error))
    assert "result: " in console, console
    result: Any = msgspec.json.decode(console.rpartition("result: ")[2].splitlines()[0])
    assert result["before"] >= 3
    assert result["gone"]
    assert result["after"] >= result["while_unplugged"] + 3
    assert "is back after" in result["log"]
    assert result["code"] == 0
