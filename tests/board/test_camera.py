"""A real /dev/video0: the kernel's virtual camera, in an arm64 machine under qemu with a kernel of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tools.arm64.guest import Machine, run_in_guest
from tools.arm64.sysroot import MissingTool, World

SCRIPT = Path(__file__).with_name("unplug.py")


@pytest.mark.timeout(600)
def test_a_camera_is_read_unplugged_and_read_again(
    world: World, wheel: Path, cache: Path, few: Mapping[str, Path]
) -> None:
    machine = Machine(world, wheel, cache)
    try:
        console = run_in_guest(machine, SCRIPT, folders={"artifacts": few["tflite"]}, modules=["vivid"], timeout_s=540)
    except MissingTool as error:
        pytest.skip(str(error))
    assert "told: " in console, console
    told: Any = msgspec.json.decode(console.rpartition("told: ")[2].splitlines()[0])
    assert told["before"] >= 3
    assert told["gone"]
    assert told["after"] >= told["while_away"] + 3
    assert "is back after" in told["said"]
    assert told["code"] == 0
