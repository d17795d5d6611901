from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.sign import SIGNATURE_BYTES, check_signature, load_private, load_public, make_keys
from profiles.errors import BundleError, OutputError, UsageError


def test_a_signature_is_valid_only_for_its_content_and_key(tmp_path: Path) -> None:
    public = make_keys(tmp_path / "deploy.key")
    key, other = load_private(tmp_path / "deploy.key"), load_public(make_keys(tmp_path / "other.key"))
    signature = key.sign(b"content")
    assert len(signature) == SIGNATURE_BYTES
    check_signature(load_public(public), signature, b"content", tmp_path)
    for trusted, content in ((load_public(public), b"Content"), (other, b"content")):
        with pytest.raises(BundleError, match="is not valid"):
            check_signature(trusted, signature, content, tmp_path)


def test_the_private_key_is_readable_only_by_its_owner(tmp_path: Path) -> None:
    private = tmp_path / "deploy.key"
    public = make_keys(private)
    assert private.stat().st_mode & 0o777 == 0o600
    assert public == tmp_path / "deploy.pub"
    private.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        load_private(private)


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    make_keys(tmp_path / "deploy.key")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for lost in (None, tmp_path / "deploy.pub", tmp_path / "deploy.key"):
        if lost is not None:
            lost.unlink()
        with pytest.raises(OutputError, match="exists, and boards may trust it"):
            make_keys(tmp_path / "deploy.key")
        if lost is not None:
            lost.write_bytes(before[lost])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(UsageError, match=r"public keys end in \.pub"):
        make_keys(tmp_path / "new.pub")
    with pytest.raises(OutputError, match="cannot be written"):
        make_keys(tmp_path / "nowhere" / "deploy.key")


def test_files_that_are_not_keys_are_refused(tmp_path: Path) -> None:
    public = make_keys(tmp_path / "deploy.key")
    (tmp_path / "text.key").write_text("hello")
    (tmp_path / "text.key").chmod(0o600)
    curve = ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    (tmp_path / "curve.key").touch(0o600)
    (tmp_path / "curve.key").write_bytes(
        curve.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (tmp_path / "locked.key").touch(0o600)
    (tmp_path / "locked.key").write_bytes(
        curve.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x"))
    )
    public.chmod(0o600)
    for path in (public, *(tmp_path / f"{name}.key" for name in ("text", "curve", "locked"))):
        with pytest.raises(UsageError, match="not a private key"):
            load_private(path)
    for name in ("text.key", "deploy.key"):
        with pytest.raises(UsageError, match="not a public key"):
            load_public(tmp_path / name)
    with pytest.raises(UsageError, match="cannot be read"):
        load_public(tmp_path / "missing.pub")
