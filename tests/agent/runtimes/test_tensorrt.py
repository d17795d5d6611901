from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.runtimes.tensorrt import engine_folder, machine_name, options

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

BEFORE = {"onnxruntime_version": "1.29.0", "tensorrt": "100300", "machine": "Orin Nano L4T 36.4.3"}


@pytest.mark.parametrize(
    "after",
    [
        {"onnxruntime_version": "1.31.1"},
        {"tensorrt": "100700"},
        {"machine": "AGX Orin L4T 36.4.3"},
        {"machine": "Orin Nano L4T 36.5.0"},
    ],
)
def test_engine_is_not_used_with_other_versions(linear: Linear, after: dict[str, str]) -> None:
    artifact = linear.artifact("linear.onnx")
    assert engine_folder(artifact, **BEFORE) != engine_folder(artifact, **{**BEFORE, **after})


def test_engine_is_not_used_for_another_model_or_precision(linear: Linear) -> None:
    artifacts = [
        linear.artifact("linear.onnx"),
        linear.artifact("linear.onnx", precision="fp16"),
        linear.artifact("linear-int8.onnx"),
    ]
    names = [engine_folder(artifact, **BEFORE) for artifact in artifacts]
    assert len(set(names)) == 3
    assert all("/" not in name and " " not in name for name in names)


def test_machine_name_is_model_and_release(tmp_path: Path) -> None:
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "proc/device-tree/model").write_bytes(b"NVIDIA Jetson AGX Orin Developer Kit\0")
    (tmp_path / "etc/nv_tegra_release").write_text("# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic\n")
    assert machine_name(tmp_path) == "NVIDIA Jetson AGX Orin Developer Kit L4T 36.4.3"


@pytest.mark.parametrize(("precision", "fp16", "int8"), [("fp32", "0", "0"), ("fp16", "1", "0"), ("int8", "0", "1")])
def test_options_request_the_precision_and_all_batch_sizes(
    linear: Linear, tmp_path: Path, precision: str, fp16: str, int8: str
) -> None:
    artifact = linear.artifact("linear.onnx", precision=precision)
    asked = options(artifact, "1.31.1", root=tmp_path, cache=tmp_path / "cache")
    assert (asked["trt_fp16_enable"], asked["trt_int8_enable"]) == (fp16, int8)
    assert asked["trt_profile_min_shapes"] == "glyphs:1x1x28x28"
    assert asked["trt_profile_max_shapes"] == "glyphs:256x1x28x28"
    assert Path(asked["trt_engine_cache_path"]).is_dir()


def test_engine_of_a_recogniser_takes_strips_of_all_widths(linear: Linear, tmp_path: Path) -> None:
    asked = options(linear.artifact("recogniser.onnx"), "1.31.1", root=tmp_path, cache=tmp_path / "cache")
    assert asked["trt_profile_min_shapes"] == "glyphs:1x2x32x32"
    assert asked["trt_profile_opt_shapes"] == "glyphs:16x2x32x128"
    assert asked["trt_profile_max_shapes"] == "glyphs:256x2x32x512"


def test_building_an_engine_is_logged_with_its_folder(
    linear: Linear, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    artifact = linear.artifact("linear.onnx")
    folder = options(artifact, "1.31.1", root=tmp_path, cache=tmp_path)["trt_engine_cache_path"]
    assert caplog.messages == [
        f"TensorRT builds an engine for linear.onnx, which takes minutes; it is saved in {folder}"
    ]
    Path(folder, "TensorrtExecutionProvider_TRTKernel_graph_0_0_sm87.engine").touch()
    options(artifact, "1.31.1", root=tmp_path, cache=tmp_path)
    assert len(caplog.messages) == 1
