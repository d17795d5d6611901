"""Convert checkpoints into one folder for each board: its model files and their manifest."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from converters.export.golden import golden_inputs
from converters.export.parallel import make_artifacts
from profiles.errors import OutputError, UsageError
from profiles.manifest import FILE_NAME, Format, Manifest, Precision, dump_manifest
from profiles.profile import ArtifactKind, Profile

if TYPE_CHECKING:
    from converters.export.make import ExportedArtifact

ALL_KINDS = tuple(
    ArtifactKind(format=one, precision=precision) for one in get_args(Format) for precision in get_args(Precision)
)


def kinds_for(profiles: Sequence[Profile]) -> tuple[ArtifactKind, ...]:
    """List the kinds of artifact that these boards use, each kind once."""
    used = {kind for profile in profiles for kind in profile.artifacts}
    return tuple(kind for kind in ALL_KINDS if kind in used)


def convert(
    checkpoint_files: Sequence[Path],
    profiles: Sequence[Profile],
    out: Path,
    data: Path | None,
    on_made: Callable[[ExportedArtifact], None],
) -> tuple[Manifest, ...]:
    """Write the folder `out/<board>/` for each board. An existing folder is replaced at the end, as a whole.

    Args:
        checkpoint_files: trained nets, at most one of each family.
        profiles: the boards.
        out: parent of the folders.
        data: folder with MNIST to measure accuracies with; None copies the accuracies of the checkpoints.
        on_made: called after each artifact, `len(kinds_for(profiles))` times for each checkpoint.

    Returns:
        One manifest for each board.

    Raises:
        OutputError: the folders cannot be written.
        DigitAgentError: see `make_artifacts` and `write_boards`.
    """
    for profile in profiles:
        _check_only_artifacts(out / profile.name)
    with _output_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    if not os.access(out, os.W_OK):
        raise OutputError(f"{out} cannot be written", advice="check its permissions, or choose another --out")
    return write_boards(out, profiles, make_artifacts(checkpoint_files, kinds_for(profiles), data, on_made))


def write_boards(
    out: Path, profiles: Sequence[Profile], made: Sequence[Mapping[ArtifactKind, ExportedArtifact]]
) -> tuple[Manifest, ...]:
    """Write the folders of all boards into a staging folder, then move each to its place.

    Args:
        out: parent of the folders.
        profiles: the boards.
        made: the artifacts of each checkpoint, by kind.

    Raises:
        UsageError: two checkpoints are of the same family, so their files would have the same names.
        OutputError: the folders cannot be written; existing folders stay unchanged.
    """
    names = [one.artifact.file for kinds in made for one in kinds.values()]
    if len(set(names)) < len(names):
        raise UsageError(
            "two checkpoints are of the same family, so their files have the same names",
            advice="give one of each family",
        )
    with _output_errors(out), tempfile.TemporaryDirectory(dir=out, prefix=".partial-") as folder:
        staging = Path(folder)
        manifests = tuple(_write_board(staging / profile.name, profile, made) for profile in profiles)
        for profile in profiles:
            _swap_in(staging / profile.name, out / profile.name, staging / f"{profile.name}.old")
    return manifests


def _write_board(folder: Path, profile: Profile, made: Sequence[Mapping[ArtifactKind, ExportedArtifact]]) -> Manifest:
    folder.mkdir()
    used = [kinds[kind] for kinds in made for kind in profile.artifacts]
    for one in used:
        (folder / one.artifact.file).write_bytes(one.content)
    roles = dict.fromkeys(one.artifact.role for one in used)
    manifest = Manifest(
        target=profile.name,
        golden_inputs={role: golden_inputs(role).tobytes() for role in roles},
        artifacts=tuple(one.artifact for one in used),
    )
    (folder / FILE_NAME).write_bytes(dump_manifest(manifest))
    return manifest


def _check_only_artifacts(folder: Path) -> None:
    """Check that a folder that will be replaced holds only artifacts.

    Raises:
        OutputError: the folder holds another file.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file", advice="move it away, or choose another --out")
    for path in folder.iterdir():
        if path.suffix not in (".onnx", ".tflite") and not path.name.startswith(FILE_NAME):
            raise OutputError(f"{path} would be lost", advice="move it away, or choose another --out")


@contextmanager
def _output_errors(out: Path) -> Iterator[None]:
    """Raise OutputError for an OSError inside the block."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{out} cannot be written ({error.strerror})", advice="free space or choose another --out"
        ) from error


def _swap_in(new: Path, target: Path, old: Path) -> None:
    """Move `target` to `old` and `new` to `target`; undo the first move if the second one fails.

    `old` is in the staging folder and is removed with it.
    """
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
