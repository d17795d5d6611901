from __future__ import annotations

from importlib.resources import files

import pytest

from profiles.errors import ProfileError, UnknownTargetError
from profiles.profile import all_profiles, board_names, load_profile, parse_profile, resolve_target

BOARDS = (
    "generic-arm64",
    "generic-x86",
    "jetson-agx-orin",
    "jetson-nano",
    "jetson-orin-nano",
    "jetson-orin-nx",
    "jetson-xavier-nx",
    "pi-zero-2w",
    "pi3",
    "pi4",
    "pi5",
)
PI4 = (files("profiles") / "catalog" / "pi4.toml").read_bytes()


def test_catalogue_has_eleven_boards() -> None:
    assert board_names() == BOARDS


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_has_artifacts_and_runtimes_for_them(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    formats = {kind.format for kind in profile.artifacts}
    runnable = {"onnx" if option.name == "onnxruntime" else "tflite" for option in profile.runtimes}
    assert formats == runnable == {"onnx", "tflite"}
    assert {"fp32", "int8"} <= {kind.precision for kind in profile.artifacts}
    assert len(set(profile.artifacts)) == len(profile.artifacts)


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_slows_down_before_its_firmware_throttles(name: str) -> None:
    limit = {"pi3": 60.0, "pi-zero-2w": 80.0, "pi4": 80.0, "pi5": 80.0}.get(name, 100.0)
    assert 40 < load_profile(name).sensors.slow_down_c < limit


def test_no_two_boards_share_a_recognition_key() -> None:
    keys = [
        key
        for profile in all_profiles()
        for key in (
            *profile.recognition.model_prefixes,
            *profile.recognition.compatible,
            *profile.recognition.machines,
        )
    ]
    assert len(set(keys)) == len(keys)


def test_jetson_tries_its_gpu_before_its_cpu() -> None:
    for profile in resolve_target("jetson"):
        first = [option.providers[0] for option in profile.runtimes if option.name == "onnxruntime"]
        assert first == ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]


@pytest.mark.parametrize(
    ("target", "boards"),
    [
        ("pi5", ("pi5",)),
        ("pi", ("pi-zero-2w", "pi3", "pi4", "pi5")),
        ("jetson", tuple(name for name in BOARDS if name.startswith("jetson-"))),
        ("generic", ("generic-arm64", "generic-x86")),
        ("all", BOARDS),
    ],
)
def test_target_is_a_board_a_family_or_all(target: str, boards: tuple[str, ...]) -> None:
    assert tuple(profile.name for profile in resolve_target(target)) == boards


@pytest.mark.parametrize(
    ("target", "meant"), [("pi6", "pi"), ("PI4", "pi4"), ("jetson-orin", "jetson-orin-nx"), ("jeston", "jetson")]
)
def test_error_for_an_unknown_target_lists_all_targets(target: str, meant: str) -> None:
    with pytest.raises(UnknownTargetError) as caught:
        resolve_target(target)
    assert f"there is no target {target!r}; did you mean {meant}?" in str(caught.value)
    assert all(name in str(caught.value) for name in (*BOARDS, "pi", "jetson", "generic", "all"))
    assert caught.value.exit_code == 2


def test_target_unlike_any_other_gets_no_suggestion() -> None:
    with pytest.raises(UnknownTargetError, match="there is no target 'esp32'; choose one of"):
        resolve_target("esp32")


def test_family_is_not_a_board() -> None:
    with pytest.raises(UnknownTargetError, match="there is no board 'jetson'"):
        load_profile("jetson")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (
            PI4.replace(b"cores = 4", b'cores = "four"'),
            r"pi4.toml is wrong: Expected `int`, got `str` .*\$\.cpu\.cores",
        ),
        (PI4.replace(b"cores = 4", b""), r"missing required field `cores` - at `\$\.cpu`"),
        (PI4.replace(b"cores = 4", b"cores = 4\ncoers = 4"), r"unknown field `coers` - at `\$\.cpu`"),
        (PI4.replace(b'"int8"', b'"int4"'), r"Invalid enum value 'int4' - at `\$\.artifacts\[0\]\.precision`"),
        (PI4.replace(b"[cpu]", b"[cpu"), r"pi4.toml is wrong: Expected"),
        (PI4.replace(b'"pi4"', b'"pi7"'), r"its name is 'pi7'"),
        (b"\xff\xfe", r"pi4.toml is wrong: .*can't decode"),
        (b"", r"missing required field `name`"),
    ],
)
def test_error_of_a_damaged_profile_names_file_and_field(content: bytes, complaint: str) -> None:
    with pytest.raises(ProfileError, match=complaint):
        parse_profile(content, "pi4.toml")
