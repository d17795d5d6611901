"""Kernel modules are loaded after their dependencies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.arm64.guest import load_order

DEPENDENCIES = {
    "kernel/drivers/media/vivid.ko": "videobuf2-v4l2,v4l2-tpg",
    "kernel/drivers/media/v4l2-tpg.ko": "",
    "kernel/drivers/media/videobuf2-v4l2.ko": "videobuf2-common,videodev",
    "kernel/drivers/media/videobuf2-common.ko": "videodev",
    "kernel/drivers/media/videodev.ko": "",
    "kernel/fs/other.ko": "",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, dependencies in DEPENDENCIES.items():
        module = tmp_path / "lib/modules/6.1.0" / name
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_bytes(b"\x7fELF\0license=GPL\0depends=" + dependencies.encode() + b"\0name=x\0")
    return tmp_path


def test_each_module_comes_once_and_after_its_dependencies(root: Path) -> None:
    names = [module.stem for module in load_order(root, ["vivid"])]
    assert sorted(names) == ["v4l2-tpg", "videobuf2-common", "videobuf2-v4l2", "videodev", "vivid"]
    for name, dependencies in (
        (Path(path).stem, dependencies) for path, dependencies in DEPENDENCIES.items() if "media" in path
    ):
        assert all(names.index(one) < names.index(name) for one in filter(None, dependencies.split(",")))


def test_a_module_is_found_by_its_name_in_the_kernel(root: Path) -> None:
    assert [module.stem for module in load_order(root, ["v4l2_tpg", "other"])] == ["v4l2-tpg", "other"]
