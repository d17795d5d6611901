from __future__ import annotations

import os
import random
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from deploy.archive import END, header, padding
from deploy.bundle import open_bundle, seal
from deploy.manifest import FILE_NAME, SIGNATURE_NAME, Member, dump_manifest
from deploy.pack import pack
from deploy.sign import load_private, make_keys
from deploy.trust import TrustedKeys, load_keys
from profiles.errors import ArtifactError, BundleError, ManifestError, UsageError
from tests.deploy.made import BOARD, Keys, Maker

FIRST = "artifacts/base-int8.tflite"


def refusal(path: Path, key: TrustedKeys) -> str:
    """Return the message with which a bundle is refused; it must be one line."""
    with pytest.raises(BundleError) as refused:
        open_bundle(path, key).check()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_the_same_input_gives_the_same_bundle_to_the_byte(maker: Maker, artifacts: Path, keys: Keys) -> None:
    first = maker.write(config="[agent]\n").read_bytes()
    copy = shutil.copytree(artifacts, maker.folder / "copy", copy_function=shutil.copyfile)
    for path in copy.iterdir():
        os.utime(path, (1, 1))
        path.chmod(0o600)
    (copy / "notes.txt").write_text("not listed, not carried")
    load = pack(copy, maker.folder / "config.toml", None, version="1.0", min_agent="0.1")
    assert seal(load.manifest, load.contents, load_private(keys.private)) == first


def test_a_bundle_contains_its_input_and_tar_can_list_it(maker: Maker, artifacts: Path) -> None:
    bundle = maker.open(config="[agent]\n")
    assert bundle.manifest.compatible == (BOARD,)
    contents = {member.path: content for member, content in bundle.contents()}
    expected = {f"artifacts/{path.name}": path.read_bytes() for path in artifacts.iterdir()}
    assert contents == {**expected, "config/config.toml": b"[agent]\n"}
    listed = subprocess.run(["tar", "tf", bundle.path], capture_output=True, text=True, check=True)
    assert listed.stdout.split() == [FILE_NAME, SIGNATURE_NAME, *sorted(contents)]
    assert listed.stderr == ""


def test_another_key_is_refused(maker: Maker, tmp_path: Path) -> None:
    path = maker.write()
    other = load_keys(make_keys(tmp_path / "other.key", "other"))
    with pytest.raises(BundleError, match=r"signature of .*1\.0\.bundle is not valid: none of .* made it"):
        open_bundle(path, other)


def test_a_truncated_bundle_is_refused(maker: Maker, keys: Keys) -> None:
    path, key = maker.write(), load_keys(keys.public)
    size = path.stat().st_size
    cuts = [size - 1, *range((size - 1) // 1024 * 1024, -1, -1024)]
    assert len(cuts) > 150
    for cut in cuts:
        os.truncate(path, cut)
        refusal(path, key)


@pytest.mark.slow
def test_one_flipped_bit_anywhere_is_refused(maker: Maker, keys: Keys) -> None:
    """One bit in every byte before the content of the first file, then one in every kilobyte."""
    path, key, rng = maker.write(), load_keys(keys.public), random.Random(1)
    whole = path.read_bytes()
    head = whole.index(header(FIRST, (maker.artifacts / "base-int8.tflite").stat().st_size)) + 512
    places = [*range(head), *(rng.randrange(at, at + 1024) for at in range(head, len(whole) - 1024, 1024))]
    with path.open("r+b", buffering=0) as file:
        for place in places:
            for byte in (whole[place] ^ 1 << rng.randrange(8), whole[place]):
                file.seek(place)
                file.write(bytes([byte]))
                if byte != whole[place]:
                    refusal(path, key)
    open_bundle(path, key).check()


def corrupted(whole: bytes, rng: random.Random) -> bytes:
    """Return the bundle with bytes removed, inserted, overwritten, swapped or appended."""
    at, size = rng.randrange(len(whole)), rng.choice([1, 3, 512, 1024, 100_000])
    noise = rng.choice([rng.randbytes(size), bytes(size), b"\xff" * size, whole[:size]])
    ways: list[Callable[[], bytes]] = [
        lambda: whole[:at] + whole[at + size :],
        lambda: whole[:at] + noise + whole[at:],
        lambda: whole[:at] + noise + whole[at + size :],
        lambda: whole[at:] + whole[:at],
        lambda: whole + noise,
        lambda: noise,
    ]
    return rng.choice(ways)()


@pytest.mark.slow
def test_a_thousand_corrupted_bundles_are_refused(maker: Maker, tmp_path: Path, keys: Keys) -> None:
    whole, key, rng, tried = maker.write().read_bytes(), load_keys(keys.public), random.Random(2), 0
    path = tmp_path / "corrupted.bundle"
    while tried < 1000:
        path.write_bytes(corrupted(whole, rng))
        if path.read_bytes() != whole:  # zeros over zeros are no corruption
            refusal(path, key)
            tried += 1


def entry(name: str, kind: bytes, size: int = 0, target: str = "") -> bytes:
    """Return a tar header with a valid checksum."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname, info.mode = kind, size, target, 0o644
    return info.tobuf(tarfile.USTAR_FORMAT)


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        (entry(FIRST, tarfile.SYMTYPE, target="/etc/passwd"), "a symbolic link named 'artifacts/base-int8.tflite'"),
        (entry(FIRST, tarfile.LNKTYPE, target="bundle.json"), "a hard link named"),
        (entry(FIRST, tarfile.CHRTYPE), "a device node named"),
        (entry(FIRST, tarfile.BLKTYPE), "a device node named"),
        (entry(FIRST, tarfile.FIFOTYPE), "a named pipe named"),
        (entry(FIRST, tarfile.DIRTYPE), "a folder named"),
        (entry("../../etc/cron.d/x", tarfile.REGTYPE, 5), "a file of 5 bytes named '../../etc/cron.d/x' instead of"),
        (entry("/etc/passwd", tarfile.REGTYPE, 5), "a file of 5 bytes named '/etc/passwd' instead of"),
        (entry(FIRST, tarfile.REGTYPE, 8**11 - 1), "a file of 8589934591 bytes named"),
        (entry("a\nb", tarfile.REGTYPE), r"named 'a\nb' instead of"),
        (b"\xff" * 512, "something unreadable instead of"),
    ],
)
def test_other_kinds_of_tar_entries_are_refused(planted: bytes, expected: str, maker: Maker, keys: Keys) -> None:
    """Signature and size are valid, but another entry is in the place of a file."""
    path = maker.write()
    whole = path.read_bytes()
    at = whole.index(header(FIRST, (maker.artifacts / "base-int8.tflite").stat().st_size))
    path.write_bytes(whole[:at] + planted + whole[at + 512 :])
    assert expected in refusal(path, load_keys(keys.public))


def test_a_manifest_that_claims_to_be_huge_is_not_read(tmp_path: Path, keys: Keys) -> None:
    """A sparse file of 8 GiB with a header that says so."""
    path = tmp_path / "bomb.bundle"
    path.write_bytes(header(FILE_NAME, 8**11 - 1))
    os.truncate(path, 8 * 2**30)
    assert "a file of 8589934591 bytes named 'bundle.json' instead of" in refusal(path, load_keys(keys.public))


@pytest.mark.parametrize("change", [{"bytes": 2**30}, {"bytes": 0}, {"path": "artifacts/a.onnx"}, {"sha256": "0" * 64}])
def test_a_signed_manifest_must_match_its_files(
    change: dict[str, object], maker: Maker, tmp_path: Path, keys: Keys
) -> None:
    """The manifest is signed with the right key, but a size, a name or a checksum in it is wrong."""
    load = maker.load()
    first, *others = load.manifest.members
    lying = msgspec.structs.replace(
        load.manifest, members=(Member(**{**msgspec.structs.asdict(first), **change}), *others)
    )
    signed = dump_manifest(lying)
    files = [(FILE_NAME, signed), (SIGNATURE_NAME, load_private(keys.private).sign(signed))]
    files += sorted(load.contents.items())
    path = tmp_path / "lying.bundle"
    path.write_bytes(
        b"".join(header(name, len(content)) + content + padding(len(content)) for name, content in files) + END
    )
    refusal(path, load_keys(keys.public))


@pytest.mark.parametrize("made", [os.mkdir, Path.exists, os.mkfifo])
def test_a_path_that_is_not_a_file_is_refused(made: Callable[[Path], object], tmp_path: Path, keys: Keys) -> None:
    made(tmp_path / "x.bundle")
    assert "x.bundle" in refusal(tmp_path / "x.bundle", load_keys(keys.public))


def test_only_artifacts_that_match_their_manifest_are_packed(artifacts: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(artifacts, tmp_path / "broken")
    (broken / "base-int8.tflite").write_bytes(b"changed")
    with pytest.raises(ArtifactError, match="not the file that its manifest describes"):
        pack(broken, None, None, version="1", min_agent="0")
    with pytest.raises(ManifestError, match=r"no manifest\.json"):
        pack(tmp_path, None, None, version="1", min_agent="0")


def test_input_that_cannot_be_packed_is_wrong_usage(artifacts: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("a = \n")
    for config, wheels, version, wrong in (
        (tmp_path / "config.toml", None, "1", "is not valid TOML"),
        (tmp_path / "missing.toml", None, "1", "cannot be read"),
        (None, tmp_path, "1", "contains 0 wheels of digit-agent"),
        (None, None, "1.0rc1", "--version '1.0rc1' is not a version"),
    ):
        with pytest.raises(UsageError, match=wrong):
            pack(artifacts, config, wheels, version=version, min_agent="0")
