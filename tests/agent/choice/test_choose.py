from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import onnx
import pytest

from agent.choice.cache import MAX_INSIGNIFICANT_AGE_S, save_cached
from agent.choice.choice import Choice
from agent.choice.choose import choose, choose_nets
from agent.choice.fallback import FallbackNet
from agent.choice.measurement import Energy, Measurement, Timing
from agent.choice.variants import Variant
from agent.runtimes.net import RUNTIMES, runtime_version
from profiles.errors import ManifestError, NoArtifactError
from profiles.manifest import Artifact, Format
from profiles.profile import Budget, Profile, RuntimeName, RuntimeOption, Sensors, load_profile

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

pytestmark = pytest.mark.slow

RUNTIME_OF: dict[Format, RuntimeName] = {"onnx": "onnxruntime", "tflite": "ai-edge-litert"}


@pytest.fixture
def profile() -> Profile:
    """Profile of a PC with two runtimes of one thread each."""
    runtimes = (RuntimeOption(name="onnxruntime"), RuntimeOption(name="ai-edge-litert"))
    return msgspec.structs.replace(load_profile("generic-x86"), runtimes=runtimes)


def make_choice(folder: Path, *artifacts: Artifact) -> Choice:
    """Return a choice that ranks artifacts in the given order."""
    variants = [Variant(artifact, RUNTIME_OF[artifact.format], "", 1) for artifact in artifacts]
    timing = Timing(1, 9, 1.0, 1.0, 1.0, 1.0, 1.0, (1.0,) * 9)
    ranked = tuple(Measurement(variant, (timing,)) for variant in variants)
    return Choice(str(folder), ranked, (), "by test")


def flip_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _with_note(content: bytes, length: int) -> bytes:
    """Make an ONNX file longer, but not slower."""
    model = onnx.load_from_string(content)
    model.doc_string = "x" * length
    return bytes(model.SerializeToString())


def test_fastest_is_chosen_and_cached(
    linear: Linear, tmp_path: Path, profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    linear.write(tmp_path, linear.artifact("slow.onnx"), linear.artifact("linear.onnx"))
    messages: list[str] = []
    first = choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, progress=messages.append)
    assert first.best.variant.artifact.file == "linear.onnx"
    assert [m.variant.artifact.file for m in first.ranked] == ["linear.onnx", "slow.onnx"]
    assert "faster than the next (linear fp32 ONNX on onnxruntime)" in first.reason
    assert {"trying onnxruntime", "trying ai-edge-litert", "timing 2 variants"} <= set(messages)
    before = len(messages)

    assert choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, progress=messages.append) == first
    assert len(messages) == before

    (cached,) = (tmp_path / "cache").iterdir()
    cached.write_bytes(cached.read_bytes()[:-10])
    again = choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, progress=messages.append)
    assert len(messages) > before
    assert "cannot be read" in caplog.text
    before = len(messages)
    assert choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, progress=messages.append) == again
    assert len(messages) == before


def test_other_profile_gives_another_choice(linear: Linear, tmp_path: Path, profile: Profile) -> None:
    long = replace(linear, files={**linear.files, "long.onnx": _with_note(linear.files["linear.onnx"], 4_000_000)})
    long.write(tmp_path, long.artifact("slow.onnx"), long.artifact("long.onnx"))
    smallest = msgspec.structs.replace(profile, budget=Budget(objective="size"))
    assert choose(tmp_path, profile, cache=tmp_path, seconds=0.1).best.variant.artifact.file == "long.onnx"
    assert choose(tmp_path, smallest, cache=tmp_path, seconds=0.1).best.variant.artifact.file == "slow.onnx"


def test_without_a_power_sensor_latency_decides(linear: Linear, tmp_path: Path, profile: Profile) -> None:
    linear.write(tmp_path, linear.artifact("slow.onnx"), linear.artifact("linear.onnx"))
    without_sensor = msgspec.structs.replace(profile, budget=Budget(objective="energy"), sensors=Sensors(power=()))
    choice = choose(tmp_path, without_sensor, cache=tmp_path, seconds=0.1)
    assert choice.best.variant.artifact.file == "linear.onnx"
    assert choice.reason.endswith("latency decided, because there is no sensor for the energy")


def test_damaged_file_is_refused_and_the_next_best_used(
    linear: Linear, tmp_path: Path, profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("slow.onnx"))
    assert choose(tmp_path, profile, cache=tmp_path, seconds=0.1).best.variant.artifact.file == "linear.onnx"
    flip_bit(tmp_path / "linear.onnx")
    choice = choose(tmp_path, profile, cache=tmp_path, seconds=0.1)
    assert choice.best.variant.artifact.file == "slow.onnx"
    assert [refusal.what for refusal in choice.refused] == ["linear.onnx"]
    assert "linear.onnx is not the file that its manifest describes" in caplog.text


def test_error_lists_every_reason_if_no_artifact_can_be_used(linear: Linear, tmp_path: Path, profile: Profile) -> None:
    golden = linear.artifact("linear.tflite").golden
    wrong = msgspec.structs.replace(golden, logits=golden.logits[::-1])
    linear.write(
        tmp_path,
        linear.artifact("linear.onnx"),
        linear.artifact("linear-int8.onnx", accuracy=None),
        linear.artifact("single.onnx"),
        linear.artifact("linear.tflite", golden=wrong),
    )
    flip_bit(tmp_path / "linear.onnx")
    with pytest.raises(NoArtifactError) as caught:
        choose(tmp_path, profile, cache=tmp_path / "cache")
    message = str(caught.value)
    assert "\n" not in message
    for reason in (
        "linear.onnx: ",
        "is not the file that its manifest describes",
        "linear-int8.onnx: its accuracy was not measured",
        "single.onnx on onnxruntime: onnxruntime failed on single.onnx with 12 images",
        "linear.tflite on ai-edge-litert: linear.tflite computes other logits",
        "digit-agent doctor",
    ):
        assert reason in message
    assert not (tmp_path / "cache").exists()


def test_error_is_one_line_if_every_file_is_damaged(
    linear: Linear, tmp_path: Path, profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    for artifact in linear.write(tmp_path):
        flip_bit(tmp_path / artifact.file)
    with pytest.raises(NoArtifactError, match=r"no file of .+ is intact: .+ is not the file .+; copy the artifacts"):
        choose(tmp_path, profile, cache=tmp_path / "cache")
    assert caplog.text == ""


def test_folder_without_a_manifest_is_an_error(tmp_path: Path, profile: Profile) -> None:
    with pytest.raises(ManifestError, match=r"no manifest\.json"):
        choose(tmp_path, profile)


def test_unwritable_cache_only_gives_a_warning(
    linear: Linear, tmp_path: Path, profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    linear.write(tmp_path, linear.artifact("linear.onnx"))
    (tmp_path / "file").touch()
    choice = choose(tmp_path, profile, cache=tmp_path / "file" / "cache", seconds=0.1)
    assert choice.best.variant.artifact.file == "linear.onnx"
    assert "the next start measures again" in caplog.text


def test_each_role_has_its_own_choice(linear: Linear, tmp_path: Path, profile: Profile) -> None:
    linear.write(
        tmp_path,
        linear.artifact("linear.onnx"),
        linear.artifact("verifier-int8.onnx", accuracy=None),
        linear.artifact("verifier.tflite", accuracy=None),
        linear.artifact("recogniser-int8.onnx", accuracy=None),
    )
    messages: list[str] = []
    nets = choose_nets(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, progress=messages.append)
    assert nets.verifier is not None
    assert {m.variant.artifact.role for m in nets.classifier.choice.ranked} == {"classifier"}
    assert len(nets.verifier.choice.ranked) == 2
    assert {m.variant.artifact.role for m in nets.verifier.choice.ranked} == {"verifier"}
    contexts = np.random.default_rng(0).integers(0, 256, (3, 3, 32, 48), np.uint8)
    np.testing.assert_allclose(nets.verifier.logits(contexts), linear.reference(contexts), atol=0.05)
    assert nets.recogniser is not None
    strips = np.random.default_rng(0).integers(0, 256, (3, 2, 32, 96), np.uint8)
    np.testing.assert_allclose(nets.recogniser.logits(strips), linear.reference(strips), atol=0.05)
    assert " µs per strip (" in nets.recogniser.choice.reason

    before = len(messages)
    again = choose_nets(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, progress=messages.append)
    assert again.verifier is not None
    assert again.classifier.choice == nets.classifier.choice
    assert again.verifier.choice == nets.verifier.choice
    assert again.recogniser is not None
    assert again.recogniser.choice == nets.recogniser.choice
    assert len(messages) == before, "all were cached"


def test_folder_with_a_classifier_only_gives_no_warning(
    linear: Linear, tmp_path: Path, profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    linear.write(tmp_path, linear.artifact("linear.onnx"))
    nets = choose_nets(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1)
    assert (nets.verifier, nets.recogniser) == (None, None)
    assert caplog.text == ""


@pytest.mark.parametrize("role", ["verifier", "recogniser"])
def test_damaged_optional_net_gives_a_warning(
    linear: Linear, tmp_path: Path, profile: Profile, caplog: pytest.LogCaptureFixture, role: str
) -> None:
    linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact(f"{role}.tflite"))
    flip_bit(tmp_path / f"{role}.tflite")
    nets = choose_nets(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1)
    assert (nets.verifier, nets.recogniser) == (None, None)
    assert f"because no {role} can be used: no file of" in caplog.text


def test_next_best_takes_over_if_the_best_fails_at_run_time(
    linear: Linear, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    single, other = linear.write(tmp_path, linear.artifact("single.onnx"), linear.artifact("linear.tflite"))
    net = FallbackNet(make_choice(tmp_path, single, other))
    net.logits(linear.glyphs[:1])
    assert net.choice.best.variant.artifact == single
    with caplog.at_level(logging.WARNING):
        logits = net.logits(linear.glyphs)
    np.testing.assert_allclose(logits, linear.reference(linear.glyphs), atol=1e-3)
    assert net.choice.best.variant.artifact == other
    assert "took over, because linear fp32 ONNX on onnxruntime failed" in net.choice.reason
    assert net.choice.reason in caplog.text


def test_next_best_is_loaded_if_the_best_cannot_be_loaded(linear: Linear, tmp_path: Path) -> None:
    best, other = linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    flip_bit(tmp_path / "linear.onnx")
    assert FallbackNet(make_choice(tmp_path, best, other)).choice.best.variant.artifact == other


def test_error_lists_every_reason_if_all_variants_fail(linear: Linear, tmp_path: Path) -> None:
    net = FallbackNet(make_choice(tmp_path, *linear.write(tmp_path, linear.artifact("single.onnx"))))
    with pytest.raises(NoArtifactError, match=r"failed on single\.onnx with 12 images"):
        net.logits(linear.glyphs)


def test_power_saving_uses_the_cheapest_variant(linear: Linear, tmp_path: Path) -> None:
    best, other = linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    ranked = make_choice(tmp_path, best, other).ranked
    two_threads = msgspec.structs.replace(ranked[0].variant, threads=2)
    first = msgspec.structs.replace(ranked[0], variant=two_threads)
    net = FallbackNet(Choice(str(tmp_path), (first, ranked[1]), (), "by test"))
    net.set_power_saving(False)
    for _ in range(2):
        net.set_power_saving(True)
        assert net.choice.best.variant.artifact == other, "one thread uses one core"
        assert "needs the least energy on a hot board" in net.choice.reason
        np.testing.assert_allclose(net.logits(linear.glyphs), linear.reference(linear.glyphs), atol=1e-3)
    net.set_power_saving(False)
    assert net.choice.best.variant == two_threads
    assert net.choice.reason == "by test"


def test_energy_decides_which_variant_is_cheapest_if_it_is_known(linear: Linear, tmp_path: Path) -> None:
    choice = make_choice(
        tmp_path, *linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    )
    assert choice.cheapest_first() is choice, "the best is also the cheapest"
    costs = [Energy("a sensor", (mj,), 2000.0, None, 9, 10.0) for mj in (3.0, 2.0)]
    ranked = [msgspec.structs.replace(m, energy=e) for m, e in zip(choice.ranked, costs, strict=True)]
    cheapest_first = msgspec.structs.replace(choice, ranked=tuple(ranked)).cheapest_first()
    assert cheapest_first.ranked == (ranked[1], ranked[0])


def test_insignificant_choice_is_cached_for_a_day(linear: Linear, tmp_path: Path, profile: Profile) -> None:
    linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("slow.onnx"))
    messages: list[str] = []
    choice = choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, progress=messages.append)
    assert choice.significant
    (cached,) = (tmp_path / "cache").iterdir()
    save_cached(cached, msgspec.structs.replace(choice, significant=False))
    before = len(messages)
    assert not choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, progress=messages.append).significant
    assert len(messages) == before
    yesterday = time.time() - MAX_INSIGNIFICANT_AGE_S - 60
    os.utime(cached, (yesterday, yesterday))
    assert choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, progress=messages.append).significant
    assert len(messages) > before


def test_upgrade_of_a_runtime_triggers_a_new_choice(linear: Linear, tmp_path: Path) -> None:
    """Each choice runs in a new process; the later ones find another version of onnxruntime."""
    linear.write(tmp_path / "artifacts", linear.artifact("linear.onnx"))
    upgrade = tmp_path / "upgrade" / "onnxruntime-99.0.dist-info"
    upgrade.mkdir(parents=True)
    (upgrade / "METADATA").write_text("Metadata-Version: 2.1\nName: onnxruntime\nVersion: 99.0\n")
    program = """
import sys
from pathlib import Path
from agent.choice.choose import choose
from agent.runtimes.net import RUNTIMES, runtime_version
from profiles.profile import load_profile

folder, messages = Path(sys.argv[1]), []
profile, cache = load_profile("pi5"), folder / "cache"
best = choose(folder / "artifacts", profile, cache=cache, seconds=0, progress=messages.append).best
print(runtime_version("onnxruntime"), best.variant.artifact.file, "measured" if messages else "cached")
"""

    def start(*path: Path) -> list[str]:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, path), *sys.path])}
        command = [sys.executable, "-c", program, str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environ).stdout.split()

    installed = str(runtime_version("onnxruntime"))
    assert start() == [installed, "linear.onnx", "measured"]
    assert start() == [installed, "linear.onnx", "cached"]
    assert start(upgrade.parent) == ["99.0", "linear.onnx", "measured"]
    assert start(upgrade.parent) == ["99.0", "linear.onnx", "cached"]
    assert start() == [installed, "linear.onnx", "cached"], "the choice of the old version is still cached"


def test_start_after_a_crash_of_the_cached_choice_tries_everything_again(linear: Linear, tmp_path: Path) -> None:
    """The chosen runtime breaks without a change of its version; only the crash of the process shows it."""
    linear.write(tmp_path / "artifacts", linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    program = """
import sys
from pathlib import Path
import numpy as np
from agent.choice.choose import choose_nets
from profiles.profile import load_profile

folder = Path(sys.argv[1])
net = choose_nets(folder / "artifacts", load_profile("pi5"), cache=folder / "cache", seconds=0).classifier
print(net.choice.best.variant.runtime, net.logits(np.zeros((2, 28, 28), np.uint8)).shape)
"""

    def start(*path: Path) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, path), *sys.path])}
        command = [sys.executable, "-c", program, str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)

    first = start()
    chosen, _, shape = first.stdout.partition(" ")
    assert shape == "(2, 11)\n", first.stderr
    module = tmp_path / "broken" / RUNTIMES[chosen].module
    module.mkdir(parents=True)
    (module / "__init__.py").write_text("import os; os.abort()")
    assert start(module.parent).returncode == -signal.SIGABRT
    after = start(module.parent)
    assert after.returncode == 0, after.stderr
    assert "the last start crashed while it loaded the classifier; all variants are tried again" in after.stderr
    assert not after.stdout.startswith(chosen)
    assert after.stdout.endswith(shape)
    assert start(module.parent).stdout == after.stdout, "and this choice is cached"
    assert list((tmp_path / "cache").glob("loading-*")) == []
