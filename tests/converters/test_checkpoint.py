from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from converters.checkpoint import Checkpoint, check_writable, load, restore, save
from profiles.errors import ArtifactError, OutputError, UsageError
from profiles.manifest import Accuracy
from profiles.profile import ArtifactKind

pytestmark = pytest.mark.slow

INT8 = ArtifactKind(format="onnx", precision="int8")
MEASURED = Accuracy(value=0.9951, images=10_000, data="MNIST test", runtime="onnxruntime 1.31.1", sha256="ab" * 32)


@pytest.mark.slow
def test_a_saved_checkpoint_loads_unchanged(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save(replace(checkpoint, accuracy={INT8: MEASURED}), tmp_path / "new" / "net.pt")
    loaded = load(tmp_path / "new" / "net.pt")
    assert (loaded.net, loaded.recipe, loaded.seed) == ("base", "test", 0)
    assert loaded.ranges == checkpoint.ranges
    assert loaded.versions == {"torch": str(torch.__version__)}
    assert loaded.accuracy == {INT8: MEASURED}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["net.pt"]
    glyphs = torch.rand(2, 1, 28, 28)
    assert torch.equal(restore(loaded)(glyphs), restore(checkpoint)(glyphs))


def test_a_missing_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no checkpoint .*gone\.pt; name another with --checkpoint"):
        load(tmp_path / "gone.pt")


class TouchesFile:
    """Object that creates a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("touched"),)


DAMAGED = {"empty": b"", "text": b"no checkpoint", "code": pickle.dumps(TouchesFile(), protocol=2)}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.pt").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"net\.pt is damaged, or not a checkpoint"):
        load(tmp_path / "net.pt")
    assert not Path("touched").exists()


def test_a_truncated_checkpoint(checkpoint_file: Path, tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(checkpoint_file.read_bytes()[:-1000])
    with pytest.raises(ArtifactError, match="damaged"):
        load(tmp_path / "net.pt")


def test_a_checkpoint_without_all_fields(tmp_path: Path) -> None:
    torch.save({"net": "base"}, tmp_path / "net.pt")
    with pytest.raises(ArtifactError, match="not a checkpoint of this project"):
        load(tmp_path / "net.pt")


def test_weights_of_another_family_of_nets(checkpoint: Checkpoint) -> None:
    with pytest.raises(ArtifactError, match="do not fit the net 'base'"):
        restore(replace(checkpoint, state={"weight": torch.zeros(1)}))


def test_a_path_that_cannot_be_written(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "net.pt", Path("/proc/net.pt")):
        with pytest.raises(OutputError, match="cannot be written"):
            check_writable(path)
        with pytest.raises(OutputError, match="cannot be written"):
            save(checkpoint, path)


def test_check_writable_refuses_a_folder_and_creates_missing_parents(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        check_writable(tmp_path)
    check_writable(tmp_path / "new" / "net.pt")
    assert list((tmp_path / "new").iterdir()) == []
