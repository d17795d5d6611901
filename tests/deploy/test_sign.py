from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.sign import load_private, make_keys
from profiles.errors import OutputError, UsageError


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_the_private_key_is_readable_only_by_its_owner(umask: int, tmp_path: Path) -> None:
    private, before = tmp_path / "deploy.key", os.umask(umask)
    try:
        public = make_keys(private, "office")
    finally:
        os.umask(before)
    assert private.stat().st_mode & 0o777 == 0o600
    assert public.stat().st_mode & 0o777 == 0o644
    assert public == tmp_path / "deploy.pub"
    private.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        load_private(private)


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    make_keys(tmp_path / "deploy.key", "office")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for lost in (None, tmp_path / "deploy.pub", tmp_path / "deploy.key"):
        if lost is not None:
            lost.unlink()
        with pytest.raises(OutputError, match="exists, and boards may trust it"):
            make_keys(tmp_path / "deploy.key", "office")
        if lost is not None:
            lost.write_bytes(before[lost])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(UsageError, match=r"public keys end in \.pub"):
        make_keys(tmp_path / "new.pub", "office")
    with pytest.raises(OutputError, match="cannot be written"):
        make_keys(tmp_path / "nowhere" / "deploy.key", "office")


@pytest.mark.parametrize("name", ["", "two words", "-x", "a\nb", "ä", "a" * 65, "\x1b[2J"])
def test_a_name_must_fit_into_a_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not the name of a key; use letters"):
        make_keys(tmp_path / "deploy.key", name)
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_not_private_keys_are_refused(tmp_path: Path) -> None:
    make_keys(tmp_path / "deploy.key", "office")
    curve, pem = ec.generate_private_key(ec.SECP256R1()), serialization.Encoding.PEM
    pkcs8, locked = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    for name, content in (
        ("text", b"hello"),
        ("curve", curve.private_bytes(pem, pkcs8, serialization.NoEncryption())),
        ("locked", curve.private_bytes(pem, pkcs8, locked)),
    ):
        path = tmp_path / f"{name}.key"
        path.touch(0o600)
        path.write_bytes(content)
        with pytest.raises(UsageError, match="not a private key"):
            load_private(path)
    os.mkfifo(tmp_path / "pipe.key")
    for path in (tmp_path / "missing.key", tmp_path / "pipe.key", Path("/dev/zero")):
        with pytest.raises(UsageError, match=f"the key {path} cannot be read"):
            load_private(path)


def test_the_public_half_is_named_as_such(tmp_path: Path) -> None:
    public = make_keys(tmp_path / "deploy.key", "office")
    old = tmp_path / "old.pub"
    key = load_private(tmp_path / "deploy.key").public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    old.write_bytes(key.public_bytes(serialization.Encoding.PEM, info))
    for path in (public, old):
        with pytest.raises(UsageError, match=rf"{path} is the public half of a key; .*; name .*/{path.stem}\.key, or"):
            load_private(path)
