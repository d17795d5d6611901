from __future__ import annotations

import resource
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from agent.runtimes.tensors import golden_inputs as inputs_of
from converters.checkpoint import Checkpoint
from converters.convert import ALL_KINDS, convert, kinds_for, write_boards
from converters.export.golden import golden_inputs
from converters.train.record import measure_exports
from profiles.errors import OutputError, UsageError
from profiles.manifest import Role, load_manifest, read_artifact
from profiles.profile import all_profiles, load_profile, resolve_target

if TYPE_CHECKING:
    from converters.export.make import ExportedArtifact
    from tests.converters.conftest import MakeOne, WriteMnist

pytestmark = pytest.mark.slow


def ignore(_: ExportedArtifact) -> None: ...


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_kinds_of_several_boards_are_listed_once() -> None:
    assert kinds_for(all_profiles()) == ALL_KINDS
    pi4 = load_profile("pi4")
    assert set(kinds_for([pi4, pi4])) == set(pi4.artifacts)


def test_convert_writes_a_folder_for_each_board_and_prints_nothing(
    checkpoint_files: Mapping[Role, Path], made: MakeOne, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    profiles = [load_profile("pi4"), load_profile("jetson-nano")]
    (tmp_path / "out" / "pi4").mkdir(parents=True)
    (tmp_path / "out" / "pi4" / "old.tflite").write_bytes(b"old")
    callbacks: list[ExportedArtifact] = []
    manifests = convert(list(checkpoint_files.values()), profiles, tmp_path / "out", None, callbacks.append)
    assert capfd.readouterr() == ("", "")
    assert len(callbacks) == len(checkpoint_files) * len(kinds_for(profiles))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["jetson-nano", "pi4"]
    for profile, manifest in zip(profiles, manifests, strict=True):
        folder = tmp_path / "out" / profile.name
        assert load_manifest(folder) == manifest
        assert manifest.target == profile.name
        assert all(np.array_equal(inputs_of(manifest, role), golden_inputs(role)) for role in checkpoint_files)
        for artifact in manifest.artifacts:
            assert len(read_artifact(folder, artifact)) == artifact.bytes
        kinds = [(kind.format, kind.precision, role) for role in checkpoint_files for kind in profile.artifacts]
        expected = [made(*kind).artifact for kind in kinds]
        assert list(manifest.artifacts) == expected, "the same checkpoint gives the same bytes in every process"
    assert "out/pi4/old.tflite" not in contents(tmp_path)


def test_a_failure_leaves_existing_files(tmp_path: Path) -> None:
    old = tmp_path / "out" / "pi4"
    old.mkdir(parents=True)
    (old / "base-int8.tflite").write_bytes(b"old")
    with pytest.raises(UsageError, match=r"gone\.pt"):
        convert([tmp_path / "gone.pt"], resolve_target("pi4"), tmp_path / "out", None, ignore)
    assert contents(tmp_path) == {"out/pi4/base-int8.tflite": b"old"}


def test_two_checkpoints_of_the_same_family_are_refused(made: MakeOne, tmp_path: Path) -> None:
    profiles = resolve_target("pi4")
    artifacts = {kind: made(kind.format, kind.precision) for kind in kinds_for(profiles)}
    with pytest.raises(UsageError, match="two checkpoints are of the same family"):
        write_boards(tmp_path, profiles, [artifacts, artifacts])
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", ["notes.txt", "digit-agent.db"])
def test_a_folder_with_other_files_is_not_replaced(checkpoint_file: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "pi4").mkdir()
    (tmp_path / "pi4" / name).write_text("mine")
    with pytest.raises(OutputError, match=rf"pi4/{name} would be lost"):
        convert([checkpoint_file], resolve_target("pi4"), tmp_path, None, ignore)
    assert contents(tmp_path) == {f"pi4/{name}": b"mine"}


def test_an_output_folder_that_cannot_be_written(checkpoint_file: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file/out cannot be written \(Not a directory\)"):
        convert([checkpoint_file], resolve_target("pi4"), tmp_path / "file" / "out", None, ignore)


def test_a_full_disk_leaves_existing_files(made: MakeOne, tmp_path: Path) -> None:
    """A limit on the file size simulates a full disk: writing fails in the middle of a file."""
    (tmp_path / "pi4").mkdir()
    (tmp_path / "pi4" / "base-int8.tflite").write_bytes(b"old")
    profiles = resolve_target("pi4")
    artifacts = {kind: made(kind.format, kind.precision) for kind in kinds_for(profiles)}
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"cannot be written \(File too large\); free space"):
            write_boards(tmp_path, profiles, [artifacts])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert contents(tmp_path) == {"pi4/base-int8.tflite": b"old"}
    assert [path.name for path in tmp_path.iterdir()] == ["pi4"]


def test_measured_accuracies_are_in_the_checkpoint(
    checkpoint: Checkpoint, write_mnist: WriteMnist, tmp_path: Path
) -> None:
    labels = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0], np.uint8)
    write_mnist(tmp_path / "mnist", "test", golden_inputs("classifier"), labels)
    measured, rows = measure_exports(checkpoint, tmp_path / "mnist")
    assert set(measured.accuracy) == set(ALL_KINDS)
    assert {one.value for one in measured.accuracy.values()} == {10 / 12} == {row.accuracy for row in rows}
