from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from agent.choice.cache import load_cached, save_cached
from agent.choice.choice import Choice
from agent.choice.choose import choose, choose_nets
from agent.choice.measurement import Energy, Measurement, Timing
from agent.choice.variants import Refusal, Variant
from profiles.manifest import Artifact
from profiles.profile import Profile, RuntimeOption, load_profile

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

RUNTIMES = (RuntimeOption(name="onnxruntime", threads=(1, 2)), RuntimeOption(name="ai-edge-litert"))
PROFILE: Profile = msgspec.structs.replace(load_profile("generic-x86"), runtimes=RUNTIMES)
TIMING = Timing(1, 9, 1.0, 1.0, 1.0, 1.0, 1.0, (1.0,) * 9)
ENERGY = Energy("a sensor", (3.0, 2.0), 2000.0, None, 9, 10.0)


@pytest.fixture
def artifacts(linear: Linear, tmp_path: Path) -> tuple[Artifact, ...]:
    return linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))


@pytest.fixture
def choice(artifacts: tuple[Artifact, ...], tmp_path: Path) -> Choice:
    onnx, tflite = artifacts
    ranked = (
        Measurement(Variant(onnx, "onnxruntime", "", 2), (TIMING,), ENERGY),
        Measurement(Variant(tflite, "ai-edge-litert", "", 1), (TIMING,)),
    )
    return Choice(str(tmp_path), ranked, (Refusal("bad.onnx", "too slow", "buy another"),), "by test", True)


def test_a_saved_choice_is_the_same_after_loading(
    choice: Choice, artifacts: tuple[Artifact, ...], tmp_path: Path
) -> None:
    path = tmp_path / "cache/choice.json"
    save_cached(path, choice)
    assert load_cached(path, tmp_path, PROFILE, artifacts) == choice


def test_no_folder_no_checksum_and_no_promise_is_in_the_cache(choice: Choice, tmp_path: Path) -> None:
    save_cached(tmp_path / "choice.json", choice)
    content = (tmp_path / "choice.json").read_text()
    for secret in (str(tmp_path), choice.best.variant.artifact.sha256, "golden", "tolerance"):
        assert secret not in content


Change = Callable[[dict[str, Any]], object]
CHANGES: dict[str, Change] = {
    "a file that the manifest does not list": lambda c: c["ranked"][0].update(file="other.onnx"),
    "a path": lambda c: c["ranked"][0].update(file="../linear.onnx"),
    "a runtime that the profile does not list": lambda c: c["ranked"][0].update(runtime="tflite-runtime"),
    "a provider that the profile does not list": lambda c: c["ranked"][1].update(provider="CUDAExecutionProvider"),
    "more threads than the profile lists": lambda c: c["ranked"][0].update(threads=10**6),
    "no variant": lambda c: c.update(ranked=[]),
    "a folder": lambda c: c.update(folder="/tmp"),
    "no measurement": lambda c: c["ranked"][0].update(timings=[]),
    "no energy": lambda c: c["ranked"][0]["energy"].update(blocks_mj=[]),
    "no digits in a call": lambda c: c["ranked"][0]["timings"][0].update(batch=0),
    "a negative time": lambda c: c["ranked"][0]["timings"][0].update(p50_us=-1),
    "a text for a time": lambda c: c["ranked"][0]["timings"][0].update(p50_us="1"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_choice_is_not_used(
    choice: Choice,
    artifacts: tuple[Artifact, ...],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    change: Change,
) -> None:
    path = tmp_path / "choice.json"
    save_cached(path, choice)
    content = json.loads(path.read_bytes())
    change(content)
    path.write_text(json.dumps(content))
    assert load_cached(path, tmp_path, PROFILE, artifacts) is None
    assert caplog.messages[0].endswith("measuring again")


def test_an_artifact_that_may_not_be_chosen_any_more_is_not_used(
    choice: Choice, artifacts: tuple[Artifact, ...], tmp_path: Path
) -> None:
    save_cached(tmp_path / "choice.json", choice)
    assert load_cached(tmp_path / "choice.json", tmp_path, PROFILE, artifacts[1:]) is None


def test_what_is_not_a_readable_file_is_not_used(artifacts: tuple[Artifact, ...], tmp_path: Path) -> None:
    pipe, deep, large = tmp_path / "pipe", tmp_path / "deep", tmp_path / "large"
    os.mkfifo(pipe)
    deep.write_bytes(b'{"ranked":' + b"[" * 500_000)
    large.touch()
    os.truncate(large, 2**40)
    for path in (tmp_path / "missing", pipe, tmp_path, deep, large):
        assert load_cached(path, tmp_path, PROFILE, artifacts) is None


def test_one_wrong_letter_never_ends_a_start(choice: Choice, artifacts: tuple[Artifact, ...], tmp_path: Path) -> None:
    path = tmp_path / "choice.json"
    save_cached(path, choice)
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 2]) + content[place + 1 :])
        loaded = load_cached(path, tmp_path, PROFILE, artifacts)
        if loaded is not None:
            assert loaded.folder == str(tmp_path)
            assert all(m.variant.artifact in artifacts for m in loaded.ranked)


@pytest.mark.slow
def test_a_cached_choice_of_which_nothing_works_is_measured_again(linear: Linear, tmp_path: Path) -> None:
    """The cache names a variant that the manifest and the profile allow, and that cannot be loaded."""
    with_bad = replace(linear, files={**linear.files, "bad.onnx": b"not a model"})
    bad, other = with_bad.write(tmp_path, with_bad.artifact("bad.onnx"), with_bad.artifact("linear.tflite"))
    cache = tmp_path / "cache"
    assert choose(tmp_path, PROFILE, cache=cache, seconds=0).best.variant.artifact == other
    (file,) = cache.iterdir()
    broken = Measurement(Variant(bad, "onnxruntime", "", 1), (TIMING,))
    save_cached(file, Choice(str(tmp_path), (broken,), (), "by test"))
    nets = choose_nets(tmp_path, PROFILE, cache=cache, seconds=0)
    assert nets.classifier.choice.best.variant.artifact == other
