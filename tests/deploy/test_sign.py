from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.sign import SIGNATURE_BYTES, check_signature, load_private, load_public, make_keys
from profiles.errors import BundleError, OutputError, UsageError


def test_a_signature_holds_for_its_content_and_for_nothing_else(tmp_path: Path) -> None:
    public = make_keys(tmp_path / "deploy.key")
    key, other = load_private(tmp_path / "deploy.key"), load_public(make_keys(tmp_path / "other.key"))
    signature = key.sign(b"content")
    assert len(signature) == SIGNATURE_BYTES
    check_signature(load_public(public), signature, b"content", tmp_path)
    for trusted, content in ((load_public(public), b"Content"), (other, b"content")):
        with pytest.raises(BundleError, match="does not hold"):
            check_signature(trusted, signature, content, tmp_path)


def test_the_private_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    private = tmp_path / "deploy.key"
    public = make_keys(private)
    assert private.stat().st_mode & 0o777 == 0o600
    assert public == tmp_path / "deploy.pub"
    private.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        load_private(private)


def test_no_key_is_ever_overwritten(tmp_path: Path) -> None:
    make_keys(tmp_path / "deploy.key")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for lost in (None, tmp_path / "deploy.pub", tmp_path / "deploy.key"):
        if lost is not None:
            lost.unlink()
        with pytest.raises(OutputError, match="is there already"):
            make_keys(tmp_path / "deploy.key")
        if lost is not None:
            lost.write_bytes(before[lost])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    with pytest.raises(UsageError, match="public key's name"):
        make_keys(tmp_path / "new.pub")
    with pytest.raises(OutputError, match="cannot be written"):
        make_keys(tmp_path / "nowhere" / "deploy.key")


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
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
        with pytest.raises(UsageError, match="no private key"):
            load_private(path)
    for name in ("text.key", "deploy.key"):
        with pytest.raises(UsageError, match="no public key"):
            load_public(tmp_path / name)
    with pytest.raises(UsageError, match="cannot be read"):
        load_public(tmp_path / "missing.pub")
