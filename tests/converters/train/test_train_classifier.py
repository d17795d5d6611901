"""Training of a classifier with `digit-convert train`, with digits of a vector font instead of MNIST."""

from __future__ import annotations

import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from agent.paths import default_artifacts
from converters.checkpoint import load, restore
from converters.convert import ALL_KINDS
from converters.export.golden import golden_inputs
from converters.nets.tensors import to_input
from converters.recipe import load_recipe
from converters.report.log import read_log
from converters.train.dataset import HELD_OUT
from converters.train.state import save_state
from profiles.manifest import load_manifest
from tests.converters.train.program import ENVIRONMENT, PROGRAM, epoch_lines, read_until

if TYPE_CHECKING:
    from tests.converters.conftest import WriteMnist

pytestmark = pytest.mark.slow

RECIPE = Path(__file__).with_name("tiny_classifier.toml")
TRAINING_IMAGES = 40
STEPS = ["teachers", "fit", "sparsify", "prune", "round", "quantize"]


@pytest.fixture(scope="module")
def data(write_mnist: WriteMnist, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write MNIST files with the digits of the golden inputs."""
    folder = tmp_path_factory.mktemp("data")
    labels = np.arange(HELD_OUT + TRAINING_IMAGES, dtype=np.uint8) % 10
    write_mnist(folder, "train", golden_inputs("classifier")[labels], labels)
    write_mnist(folder, "test", golden_inputs("classifier")[labels[:50]], labels[:50])
    return folder


def command(data: Path, out: Path, recipe: Path = RECIPE) -> list[str]:
    options = {"--data": data, "--recipe": recipe, "--seed": 5, "--out": out, "--log": out.with_suffix(".jsonl")}
    argv = [str(word) for pair in options.items() for word in pair]
    return [sys.executable, "-c", PROGRAM, "train", *argv]


def run(argv: list[str], environment: Mapping[str, str] = ENVIRONMENT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)


@dataclass(frozen=True)
class FinishedRun:
    """A finished command and the checkpoint that it was told to write."""

    done: subprocess.CompletedProcess[str]
    out: Path


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    out = tmp_path_factory.mktemp("runs") / "net.pt"
    return FinishedRun(run(command(data, out)), out)


def test_each_step_and_export_is_measured_and_logged(trained: FinishedRun) -> None:
    assert trained.done.returncode == 0, trained.done.stderr
    (entry,) = read_log(trained.out.with_suffix(".jsonl"))
    assert (entry.recipe, entry.net, entry.seed) == ("tiny-classifier", "nano", 5)
    assert [name.partition(" seed ")[0] for name in entry.teachers] == ["base-strokes"]
    assert [step.do for step in entry.steps] == STEPS
    teachers, fit, sparse, pruned, _, quantized = entry.steps
    assert teachers.parameters > 50_000, "the `base` net that ships"
    assert fit.parameters == sparse.parameters > 2 * pruned.parameters > quantized.parameters
    assert pruned.macs == quantized.macs < 0.5 * fit.macs
    assert {(row.format, row.precision) for row in entry.exports} == {(k.format, k.precision) for k in ALL_KINDS}
    assert all(row.us_a_digit > 0 for row in entry.exports)
    assert not trained.out.with_suffix(".state").exists()
    assert [line.split(":")[0] for line in trained.done.stdout.splitlines()[: len(STEPS)]] == STEPS


def test_a_recipe_can_start_from_a_net_that_ships(data: Path, tmp_path: Path) -> None:
    head = RECIPE.read_text().partition("[distillation]")[0]
    head = head.replace("batch_size = 32", 'batch_size = 32\nstart_from = "nano-strokes"')
    steps = [{"do": "cluster", "epochs": 1}, {"do": "quantize", "epochs": 0}]
    tables = [f'[[steps]]\ndo = "{step["do"]}"\nepochs = {step["epochs"]}\nlearning_rate = 1e-4\n' for step in steps]
    recipe = tmp_path / "clustered.toml"
    recipe.write_text(head + "".join(tables))
    done = run(command(data, tmp_path / "net.pt", recipe))
    assert done.returncode == 0, done.stderr
    (entry,) = read_log(tmp_path / "net.jsonl")
    assert [step.do for step in entry.steps] == ["start", "cluster", "round", "quantize"]
    (shipped,) = (one for one in load_manifest(default_artifacts()).artifacts if one.file == "nano-int8.onnx")
    (packed,) = (row for row in entry.exports if (row.format, row.precision) == ("onnx", "int8"))
    assert packed.bytes < 0.9 * shipped.bytes


def test_a_pruned_and_folded_net_loads_from_its_checkpoint(trained: FinishedRun) -> None:
    net = restore(load(trained.out))
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in net.modules())
    with torch.no_grad():
        assert net(to_input(golden_inputs("classifier"))).shape == (12, 11)


def test_an_interrupted_run_resumes_to_the_same_weights(trained: FinishedRun, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.pt"
    with subprocess.Popen(command(data, out), stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as child:
        assert child.stderr is not None
        for start in ("fit, epoch 1/5: loss ", "fit, epoch 2/5: loss ", "sparsify, epoch 3/5: loss "):
            assert read_until(child.stderr, "epoch ").startswith(start)
        child.send_signal(signal.SIGINT)
        child.stderr.read()
    assert child.returncode == 130
    assert not out.exists()

    second = run(command(data, out))
    assert epoch_lines(second.stderr)[0].startswith("prune, epoch 4/5: loss ")
    resumed, uninterrupted = load(out), load(trained.out)
    assert resumed.ranges == uninterrupted.ranges
    for name, weights in uninterrupted.state.items():
        assert torch.equal(resumed.state[name], weights), name


def test_weights_are_kept_if_they_cannot_be_measured(trained: FinishedRun, data: Path, tmp_path: Path) -> None:
    """The test images are moved away during the training."""
    own_data, out = tmp_path / "data", tmp_path / "runs" / "net.pt"
    shutil.copytree(data, own_data)
    with subprocess.Popen(
        command(own_data, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        read_until(child.stderr, "fit, epoch 1/5: loss ")
        images = (own_data / "t10k-images-idx3-ubyte.gz").rename(tmp_path / "away")
        *_, saved, message = child.stderr.read().splitlines()
        assert child.stdout.read() == ""
    assert child.returncode == 1
    assert saved.startswith(f"wrote {out}; measuring")
    assert message.startswith("digit-convert: no t10k-images-idx3-ubyte.gz in ")
    assert (load(out).recipe, load(out).seed, load(out).accuracy) == ("tiny-classifier", 5, {})

    images.rename(own_data / "t10k-images-idx3-ubyte.gz")
    second = run(command(own_data, out))
    assert second.returncode == 0, second.stderr
    assert epoch_lines(second.stderr) == [], "it was trained again"
    assert set(load(out).accuracy) == set(ALL_KINDS)
    assert len(second.stdout.splitlines()) == len(STEPS) + len(ALL_KINDS) + 1
    assert second.stdout.endswith(f"wrote {out}\n")
    assert {path.name for path in out.parent.iterdir()} == {"net.pt", "net.jsonl"}
    assert len(out.with_suffix(".jsonl").read_text().splitlines()) == 2, "one line for each command"
    (entry,), (uninterrupted,) = read_log(out.with_suffix(".jsonl")), read_log(trained.out.with_suffix(".jsonl"))
    assert entry.weights == uninterrupted.weights
    assert {(row.format, row.precision) for row in entry.exports} == {(k.format, k.precision) for k in ALL_KINDS}


def test_a_full_disk_ends_a_run_with_an_error(data: Path, tmp_path: Path) -> None:
    """A limit on the file size simulates a full disk; the state file of the first epoch is larger."""
    limited = [
        sys.executable,
        "-c",
        f"import resource; {limit(20_000)}{PROGRAM}",
        *command(data, tmp_path / "net.pt")[3:],
    ]
    done = run(limited)
    assert done.returncode == 1
    file = r"net\.(state|prepared)"  # whichever is written first
    expected = (
        rf"digit-convert: {re.escape(str(tmp_path))}/{file} cannot be written \(File too large\); free space or .*"
    )
    assert re.fullmatch(expected, done.stderr.splitlines()[-1])
    assert not list(tmp_path.glob("*.pt"))


def limit(size: int) -> str:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    return f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {hard})); "


def test_the_state_of_another_net_is_refused_with_advice(data: Path, tmp_path: Path) -> None:
    other = {"step": 0, "initial": {"weight": torch.zeros(1)}, "learner": None}
    empty = {"rows": [], "seconds": 0.0, "device": ""}
    save_state(tmp_path / "net.state", load_recipe(str(RECIPE)), 5, {**other, **empty})
    done = run(command(data, tmp_path / "net.pt"))
    message = done.stderr.splitlines()[-1]
    assert message.startswith(f"digit-convert: {tmp_path}/net.state cannot be resumed from (RuntimeError); remove ")


def test_wrong_pictures_are_reported_before_rendering(data: Path, tmp_path: Path) -> None:
    endless = tmp_path / "endless.toml"
    text = RECIPE.read_text().replace("rendered_scenes = 2", "rendered_scenes = 1_000_000")
    endless.write_text(text.replace("[distillation]", "picture_candidates = 8\n\n[distillation]"))
    argv = [*command(data, tmp_path / "net.pt", endless), "--pictures", str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=180)
    message = done.stderr.splitlines()[-1]
    assert message.startswith(f"digit-convert: {tmp_path}/truth.json cannot be read")


def test_a_damaged_data_set_is_reported_before_training(data: Path, tmp_path: Path) -> None:
    for file in data.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    damaged = tmp_path / "t10k-images-idx3-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    done = run(command(tmp_path, tmp_path / "net.pt"))
    message = done.stderr.splitlines()[-1]
    assert message.startswith(f"digit-convert: {damaged} is truncated or damaged")


def test_a_missing_teacher_is_named(data: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE.read_text().replace('teachers = ["base"]', 'teachers = ["m3"]'))
    done = run(command(data, tmp_path / "net.pt", recipe))
    message = done.stderr.splitlines()[-1]
    assert message.startswith(
        f"digit-convert: there is no teacher m3-SEED.pt in {tmp_path}; run 'digit-convert train --recipe m3'"
    )
