from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from agent.choice.choice import Choice
from agent.choice.choose import DOUBT_S, choose, choose_nets
from agent.choice.fallback import FallbackNet
from agent.choice.measurement import Energy, Measurement, Timing
from agent.choice.variants import Variant
from agent.runtimes.net import RUNTIMES, runtime_version
from profiles.errors import ManifestError, NoArtifactError
from profiles.manifest import Artifact, Format
from profiles.profile import Budget, Profile, RuntimeName, RuntimeOption, Sensors, load_profile

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

RUNTIME_OF: dict[Format, RuntimeName] = {"onnx": "onnxruntime", "tflite": "ai-edge-litert"}


@pytest.fixture
def profile() -> Profile:
    """The profile of a PC, with two runtimes of one thread each."""
    runtimes = (RuntimeOption(name="onnxruntime"), RuntimeOption(name="ai-edge-litert"))
    return msgspec.structs.replace(load_profile("generic-x86"), runtimes=runtimes)


def by_hand(folder: Path, *artifacts: Artifact) -> Choice:
    """A choice that ranks artifacts as they are given, whatever they are worth."""
    candidates = [Variant(artifact, RUNTIME_OF[artifact.format], "", 1) for artifact in artifacts]
    timing = Timing(1, 9, 1.0, 1.0, 1.0, 1.0, 1.0, (1.0,) * 9)
    ranked = tuple(Measurement(candidate, (timing,)) for candidate in candidates)
    return Choice(str(folder), ranked, (), "by hand")


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_the_fastest_is_chosen_and_remembered(
    linear: Linear, tmp_path: Path, profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    linear.write(tmp_path, linear.artifact("slow.onnx"), linear.artifact("linear.onnx"))
    told: list[str] = []
    first = choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, tell=told.append)
    assert first.best.candidate.artifact.file == "linear.onnx"
    assert [m.candidate.artifact.file for m in first.ranked] == ["linear.onnx", "slow.onnx"]
    assert "faster than the next (linear fp32 ONNX on onnxruntime)" in first.reason
    assert {"trying onnxruntime", "trying ai-edge-litert", "timing 2 candidates"} <= set(told)
    before = len(told)

    assert choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, tell=told.append) == first
    assert len(told) == before

    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(kept.read_bytes()[:-10])
    again = choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, tell=told.append)
    assert len(told) > before
    assert "cannot be read" in caplog.text
    assert msgspec.json.decode(kept.read_bytes(), type=Choice) == again


def test_another_profile_is_another_choice(linear: Linear, tmp_path: Path, profile: Profile) -> None:
    linear.write(tmp_path, linear.artifact("slow.onnx", bytes=1), linear.artifact("linear.onnx"))
    smallest = msgspec.structs.replace(profile, budget=Budget(objective="size"))
    assert choose(tmp_path, profile, cache=tmp_path, seconds=0.1).best.candidate.artifact.file == "linear.onnx"
    assert choose(tmp_path, smallest, cache=tmp_path, seconds=0.1).best.candidate.artifact.file == "slow.onnx"


def test_without_a_power_sensor_energy_gives_way_to_latency(linear: Linear, tmp_path: Path, profile: Profile) -> None:
    linear.write(tmp_path, linear.artifact("slow.onnx"), linear.artifact("linear.onnx"))
    blind = msgspec.structs.replace(profile, budget=Budget(objective="energy"), sensors=Sensors(power=()))
    choice = choose(tmp_path, blind, cache=tmp_path, seconds=0.1)
    assert choice.best.candidate.artifact.file == "linear.onnx"
    assert choice.reason.endswith("latency decided, since no sensor measures energy here")


def test_a_damaged_file_is_refused_and_the_next_best_used(
    linear: Linear, tmp_path: Path, profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("slow.onnx"))
    assert choose(tmp_path, profile, cache=tmp_path, seconds=0.1).best.candidate.artifact.file == "linear.onnx"
    flip(tmp_path / "linear.onnx")
    choice = choose(tmp_path, profile, cache=tmp_path, seconds=0.1)
    assert choice.best.candidate.artifact.file == "slow.onnx"
    assert [refusal.what for refusal in choice.refused] == ["linear.onnx"]
    assert "linear.onnx is not the file that its manifest describes" in caplog.text


def test_when_nothing_can_be_used_every_reason_is_listed(linear: Linear, tmp_path: Path, profile: Profile) -> None:
    golden = linear.artifact("linear.tflite").golden
    lies = msgspec.structs.replace(golden, logits=golden.logits[::-1])
    linear.write(
        tmp_path,
        linear.artifact("linear.onnx"),
        linear.artifact("linear-int8.onnx", accuracy=None),
        linear.artifact("single.onnx"),
        linear.artifact("linear.tflite", golden=lies),
    )
    flip(tmp_path / "linear.onnx")
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


def test_when_every_file_is_damaged_one_line_says_so(
    linear: Linear, tmp_path: Path, profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    for artifact in linear.write(tmp_path):
        flip(tmp_path / artifact.file)
    with pytest.raises(NoArtifactError, match=r"no file of .+ is intact: .+ is not the file .+; copy the artifacts"):
        choose(tmp_path, profile, cache=tmp_path / "cache")
    assert caplog.text == ""


def test_a_folder_without_a_manifest_is_told(tmp_path: Path, profile: Profile) -> None:
    with pytest.raises(ManifestError, match=r"no manifest\.json"):
        choose(tmp_path, profile)


def test_a_cache_that_cannot_be_written_costs_only_the_next_start(
    linear: Linear, tmp_path: Path, profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    linear.write(tmp_path, linear.artifact("linear.onnx"))
    (tmp_path / "file").touch()
    choice = choose(tmp_path, profile, cache=tmp_path / "file" / "cache", seconds=0.1)
    assert choice.best.candidate.artifact.file == "linear.onnx"
    assert "the next start measures again" in caplog.text


def test_each_role_has_its_best(linear: Linear, tmp_path: Path, profile: Profile) -> None:
    linear.write(
        tmp_path,
        linear.artifact("linear.onnx"),
        linear.artifact("verifier-int8.onnx", accuracy=None),
        linear.artifact("verifier.tflite", accuracy=None),
    )
    told: list[str] = []
    nets = choose_nets(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, tell=told.append)
    assert nets.verifier is not None
    assert {m.candidate.artifact.role for m in nets.classifier.choice.ranked} == {"classifier"}
    assert len(nets.verifier.choice.ranked) == 2
    assert {m.candidate.artifact.role for m in nets.verifier.choice.ranked} == {"verifier"}
    windows = np.random.default_rng(0).integers(0, 256, (3, 3, 32, 48), np.uint8)
    np.testing.assert_allclose(nets.verifier.logits(windows), linear.reference(windows), atol=0.05)

    before = len(told)
    again = choose_nets(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, tell=told.append)
    assert again.verifier is not None
    assert again.classifier.choice == nets.classifier.choice
    assert again.verifier.choice == nets.verifier.choice
    assert len(told) == before, "both were remembered"


def test_a_folder_without_a_verifier_reads_without(
    linear: Linear, tmp_path: Path, profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    linear.write(tmp_path, linear.artifact("linear.onnx"))
    assert choose_nets(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1).verifier is None
    assert caplog.text == ""


def test_a_verifier_that_is_damaged_costs_a_warning(
    linear: Linear, tmp_path: Path, profile: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("verifier.tflite"))
    flip(tmp_path / "verifier.tflite")
    assert choose_nets(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1).verifier is None
    assert "because the verifier cannot be used: no file of" in caplog.text


def test_when_the_best_fails_at_run_time_the_next_takes_over(
    linear: Linear, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    single, other = linear.write(tmp_path, linear.artifact("single.onnx"), linear.artifact("linear.tflite"))
    net = FallbackNet(by_hand(tmp_path, single, other))
    net.logits(linear.glyphs[:1])
    assert net.choice.best.candidate.artifact == single
    with caplog.at_level(logging.WARNING):
        logits = net.logits(linear.glyphs)
    np.testing.assert_allclose(logits, linear.reference(linear.glyphs), atol=1e-3)
    assert net.choice.best.candidate.artifact == other
    assert "took over, because linear fp32 ONNX on onnxruntime failed" in net.choice.reason
    assert net.choice.reason in caplog.text


def test_when_the_best_does_not_load_the_next_is_loaded(linear: Linear, tmp_path: Path) -> None:
    best, other = linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    flip(tmp_path / "linear.onnx")
    assert FallbackNet(by_hand(tmp_path, best, other)).choice.best.candidate.artifact == other


def test_when_all_fail_every_reason_is_listed(linear: Linear, tmp_path: Path) -> None:
    net = FallbackNet(by_hand(tmp_path, *linear.write(tmp_path, linear.artifact("single.onnx"))))
    with pytest.raises(NoArtifactError, match=r"failed on single\.onnx with 12 images"):
        net.logits(linear.glyphs)


def test_on_a_hot_board_the_cheapest_works_until_it_is_cool(linear: Linear, tmp_path: Path) -> None:
    best, other = linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    ranked = by_hand(tmp_path, best, other).ranked
    two_threads = msgspec.structs.replace(ranked[0].candidate, threads=2)
    first = msgspec.structs.replace(ranked[0], candidate=two_threads)
    net = FallbackNet(Choice(str(tmp_path), (first, ranked[1]), (), "by hand"))
    net.spare(False)
    for _ in range(2):
        net.spare(True)
        assert net.choice.best.candidate.artifact == other, "one thread keeps one core busy"
        assert "takes the least of a hot board" in net.choice.reason
        np.testing.assert_allclose(net.logits(linear.glyphs), linear.reference(linear.glyphs), atol=1e-3)
    net.spare(False)
    assert net.choice.best.candidate == two_threads
    assert net.choice.reason == "by hand"


def test_energy_says_what_is_cheapest_where_it_is_known(linear: Linear, tmp_path: Path) -> None:
    choice = by_hand(
        tmp_path, *linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    )
    assert choice.cheapest_first() is choice, "the best is the cheapest already"
    costs = [Energy("a sensor", (mj,), 2000.0, None, 9, 10.0) for mj in (3.0, 2.0)]
    ranked = [msgspec.structs.replace(m, energy=e) for m, e in zip(choice.ranked, costs, strict=True)]
    thrifty = msgspec.structs.replace(choice, ranked=tuple(ranked)).cheapest_first()
    assert thrifty.ranked == (ranked[1], ranked[0])


def test_a_choice_made_in_doubt_is_kept_for_a_day(linear: Linear, tmp_path: Path, profile: Profile) -> None:
    linear.write(tmp_path, linear.artifact("linear.onnx"), linear.artifact("slow.onnx"))
    told: list[str] = []
    choice = choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, tell=told.append)
    assert choice.settled
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(msgspec.json.encode(msgspec.structs.replace(choice, settled=False)))
    before = len(told)
    assert not choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, tell=told.append).settled
    assert len(told) == before
    yesterday = time.time() - DOUBT_S - 60
    os.utime(kept, (yesterday, yesterday))
    assert choose(tmp_path, profile, cache=tmp_path / "cache", seconds=0.1, tell=told.append).settled
    assert len(told) > before


def test_after_a_runtimes_upgrade_the_choice_is_made_anew_by_itself(linear: Linear, tmp_path: Path) -> None:
    """In processes of their own, the last of which finds another version of onnxruntime than the ones before."""
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

folder, told = Path(sys.argv[1]), []
best = choose(folder / "artifacts", load_profile("pi5"), cache=folder / "cache", seconds=0, tell=told.append).best
print(runtime_version("onnxruntime"), best.candidate.artifact.file, "anew" if told else "remembered")
"""

    def start(*path: Path) -> list[str]:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, path), *sys.path])}
        command = [sys.executable, "-c", program, str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environ).stdout.split()

    installed = str(runtime_version("onnxruntime"))
    assert start() == [installed, "linear.onnx", "anew"]
    assert start() == [installed, "linear.onnx", "remembered"]
    assert start(upgrade.parent) == ["99.0", "linear.onnx", "anew"]
    assert start(upgrade.parent) == ["99.0", "linear.onnx", "remembered"]
    assert start() == [installed, "linear.onnx", "remembered"], "the old version was not forgotten"


def test_when_what_is_remembered_crashes_the_next_start_tries_everything_anew(linear: Linear, tmp_path: Path) -> None:
    """The runtime that was chosen breaks, under the same version; only a crash of the process tells."""
    linear.write(tmp_path / "artifacts", linear.artifact("linear.onnx"), linear.artifact("linear.tflite"))
    program = """
import sys
from pathlib import Path
import numpy as np
from agent.choice.choose import choose_nets
from profiles.profile import load_profile

folder = Path(sys.argv[1])
net = choose_nets(folder / "artifacts", load_profile("pi5"), cache=folder / "cache", seconds=0).classifier
print(net.choice.best.candidate.runtime, net.logits(np.zeros((2, 28, 28), np.uint8)).shape)
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
    assert "the last start died while it loaded its classifier; everything is tried anew" in after.stderr
    assert not after.stdout.startswith(chosen)
    assert after.stdout.endswith(shape)
    assert start(module.parent).stdout == after.stdout, "and that is remembered"
    assert list((tmp_path / "cache").glob("loading-*")) == []
