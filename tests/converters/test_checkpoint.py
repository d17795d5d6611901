from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from converters.checkpoint import Checkpoint, check_place, load, restore, save
from profiles.errors import ArtifactError, OutputError, UsageError
from profiles.manifest import Accuracy
from profiles.profile import ArtifactKind

INT8 = ArtifactKind(format="onnx", precision="int8")
MEASURED = Accuracy(value=0.9951, images=10_000, data="MNIST test", runtime="onnxruntime 1.31.1", sha256="ab" * 32)


def test_comes_back_as_it_was_saved(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save(replace(checkpoint, accuracy={INT8: MEASURED}), tmp_path / "new" / "net.pt")
    again = load(tmp_path / "new" / "net.pt")
    assert (again.net, again.recipe, again.seed) == ("base", "test", 0)
    assert again.ranges == checkpoint.ranges
    assert again.versions == {"torch": str(torch.__version__)}
    assert again.accuracy == {INT8: MEASURED}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["net.pt"]
    glyphs = torch.rand(2, 1, 28, 28)
    assert torch.equal(restore(again)(glyphs), restore(checkpoint)(glyphs))


def test_one_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no checkpoint .*gone\.pt; name another with --checkpoint"):
        load(tmp_path / "gone.pt")


class Harm:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("harm"),)


DAMAGED = {"empty": b"", "text": b"no checkpoint", "code": pickle.dumps(Harm(), protocol=2)}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_one_that_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "net.pt").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"net\.pt is damaged or no checkpoint"):
        load(tmp_path / "net.pt")


def test_one_that_is_cut_off(checkpoint_file: Path, tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(checkpoint_file.read_bytes()[:-1000])
    with pytest.raises(ArtifactError, match="damaged"):
        load(tmp_path / "net.pt")


def test_one_that_lacks_something(tmp_path: Path) -> None:
    torch.save({"net": "base"}, tmp_path / "net.pt")
    with pytest.raises(ArtifactError, match="no checkpoint of ours"):
        load(tmp_path / "net.pt")


def test_weights_of_another_net(checkpoint: Checkpoint) -> None:
    with pytest.raises(ArtifactError, match="fit no net of ours"):
        restore(replace(checkpoint, state={"weight": torch.zeros(1)}))


def test_a_place_that_cannot_be_written(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "net.pt", Path("/proc/net.pt")):
        with pytest.raises(OutputError, match="cannot be written"):
            check_place(place)
        with pytest.raises(OutputError, match="cannot be written"):
            save(checkpoint, place)


def test_a_place_is_checked_before_there_is_anything_to_save(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        check_place(tmp_path)
    check_place(tmp_path / "new" / "net.pt")
    assert list((tmp_path / "new").iterdir()) == []
