"""Checkpoints become a folder for each board: the model files worth carrying there, and their manifest."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from converters.export.golden import golden_inputs
from converters.export.parallel import make_all
from profiles.errors import OutputError, UsageError
from profiles.manifest import FILE_NAME, Format, Manifest, Precision, dump_manifest
from profiles.profile import ArtifactKind, Profile

if TYPE_CHECKING:
    from converters.export.make import Made

ALL_KINDS = tuple(
    ArtifactKind(format=one, precision=precision) for one in get_args(Format) for precision in get_args(Precision)
)


def kinds_for(profiles: Sequence[Profile]) -> tuple[ArtifactKind, ...]:
    """What these boards carry, each kind once."""
    carried = {kind for profile in profiles for kind in profile.artifacts}
    return tuple(kind for kind in ALL_KINDS if kind in carried)


def convert(
    checkpoint_files: Sequence[Path],
    profiles: Sequence[Profile],
    out: Path,
    data: Path | None,
    done: Callable[[Made], None],
) -> tuple[Manifest, ...]:
    """Write `out/<board>/` for each board; what was there before is replaced as a whole, and only at the end.

    Args:
        checkpoint_files: the trained nets, no two of one family.
        profiles: the boards.
        out: where their folders go.
        data: a folder with MNIST to measure accuracies with; None takes over what the checkpoints say.
        done: told of each artifact when it is made; there are `len(kinds_for(profiles))` of each checkpoint.

    Returns:
        One manifest a board.

    Raises:
        OutputError: the folders cannot be written.
        DigitAgentError: as `make_all` and `write_boards` say.
    """
    for profile in profiles:
        _refuse_foreign(out / profile.name)
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
    if not os.access(out, os.W_OK):
        raise OutputError(f"{out} cannot be written; check its permissions, or choose another --out")
    return write_boards(out, profiles, make_all(checkpoint_files, kinds_for(profiles), data, done))


def write_boards(
    out: Path, profiles: Sequence[Profile], made: Sequence[Mapping[ArtifactKind, Made]]
) -> tuple[Manifest, ...]:
    """Write all boards' folders beside the old ones, then put each in its place.

    Args:
        out: where their folders go.
        profiles: the boards.
        made: what each checkpoint became.

    Raises:
        UsageError: two checkpoints are of one family, so their files would have the same names.
        OutputError: they cannot be written; what was there stays.
    """
    names = [one.artifact.file for kinds in made for one in kinds.values()]
    if len(set(names)) < len(names):
        raise UsageError("two checkpoints are of one family, so their files have the same names; give one of each")
    with _writing(out), tempfile.TemporaryDirectory(dir=out, prefix=".partial-") as folder:
        staging = Path(folder)
        manifests = tuple(_write_board(staging / profile.name, profile, made) for profile in profiles)
        for profile in profiles:
            _put_in_place(staging / profile.name, out / profile.name, staging / f"{profile.name}.old")
    return manifests


def _write_board(folder: Path, profile: Profile, made: Sequence[Mapping[ArtifactKind, Made]]) -> Manifest:
    folder.mkdir()
    carried = [kinds[kind] for kinds in made for kind in profile.artifacts]
    for one in carried:
        (folder / one.artifact.file).write_bytes(one.content)
    roles = dict.fromkeys(one.artifact.role for one in carried)
    manifest = Manifest(
        target=profile.name,
        golden_inputs={role: golden_inputs(role).tobytes() for role in roles},
        artifacts=tuple(one.artifact for one in carried),
    )
    (folder / FILE_NAME).write_bytes(dump_manifest(manifest))
    return manifest


def _refuse_foreign(folder: Path) -> None:
    """See that a folder that will be replaced holds nothing but artifacts.

    Raises:
        OutputError: it holds something else.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file; move it away, or choose another --out")
    for path in folder.iterdir():
        if path.suffix not in (".onnx", ".tflite") and not path.name.startswith(FILE_NAME):
            raise OutputError(f"{path} would be lost; move it away, or choose another --out")


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}); free space or choose another --out") from error


def _put_in_place(new: Path, target: Path, old: Path) -> None:
    """Swap a folder in by renaming, and the old one back should that fail; staging's end removes the old one."""
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
