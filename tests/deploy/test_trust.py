from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deploy.sign import load_private, make_keys
from deploy.trust import load_keys
from profiles.errors import BundleError, UsageError

CONTENT = b"content"


@pytest.fixture
def lines(tmp_path: Path) -> dict[str, str]:
    """The public lines of three keys, by their names; the private keys are `NAME.key`."""
    return {name: make_keys(tmp_path / f"{name}.key", name).read_text() for name in ("old", "new", "lost")}


def trust(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "trusted.pub"
    path.write_text(text)
    path.chmod(0o644)
    return path


def signer(tmp_path: Path, text: str, name: str, content: bytes = CONTENT) -> str:
    """Return which key is found for a signature by the key of this name."""
    signature = load_private(tmp_path / f"{name}.key").sign(CONTENT)
    return load_keys(trust(tmp_path, text)).find_signer(signature, content, "x.bundle")


def test_during_a_change_two_keys_are_accepted(tmp_path: Path, lines: dict[str, str]) -> None:
    both = f"# keys of the office\n\n{lines['old']}{lines['new']}"
    assert signer(tmp_path, both, "old") == "old"
    assert signer(tmp_path, both, "new") == "new"
    with pytest.raises(BundleError, match=r"none of the keys .* accepts made it \(old, new\), or its manifest was"):
        signer(tmp_path, both, "lost")
    with pytest.raises(BundleError, match="or its manifest was changed"):
        signer(tmp_path, both, "old", b"Content")


def test_a_withdrawn_key_is_refused_by_name_even_if_a_line_accepts_it(tmp_path: Path, lines: dict[str, str]) -> None:
    for text in (
        f"{lines['new']}withdrawn {lines['lost']}",
        f"{lines['new']}{lines['lost']}withdrawn {lines['lost']}",
        f"withdrawn {lines['lost']}{lines['new']}{lines['lost'].replace('lost', 'other-name')}",
    ):
        assert signer(tmp_path, text, "new") == "new"
        with pytest.raises(BundleError, match="was signed with the key lost, which was withdrawn"):
            signer(tmp_path, text, "lost")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "accepts no key"),
        ("# nothing\n", "accepts no key"),
        ("withdrawn {old}", "accepts no key"),
        ("{old}withdrawn {old}", "accepts no key"),
        ("{old}{old}", ":2: this name or this key is there twice"),
        ("{old}ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= old", ":2: this name or this key is there twice"),
        ("{old}hello", ":2: this is not the line of a key; write: ed25519, the key, its name"),
        ("{old}Withdrawn {new}", ":2: this is not the line"),
        ("{old}revoked {new}", ":2: this is not the line"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMYQrFj3y1CT6WdRrjYebUA/EWHWGtIVQSn8JmhZtWKO me", ":1: this is not the"),
        ("ed25519 AAAA old", ":1: this is not the line"),
        ("ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= two words", ":1: this is not the line"),
        ("ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \x1b[2J", ":1: this is not the line"),
        ("ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", ":1: this is not the line"),
    ],
)
def test_no_line_is_ignored_in_silence(tmp_path: Path, lines: dict[str, str], text: str, wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong) as error:
        load_keys(trust(tmp_path, text.format(**lines)))
    assert str(error.value).isprintable()


def test_a_file_of_the_first_version_has_one_key(tmp_path: Path, lines: dict[str, str]) -> None:
    pem = load_private(tmp_path / "old.key").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert signer(tmp_path, pem.decode(), "old") == "trusted"
    for text in (
        pem.decode() * 2,
        pem.decode() + lines["new"] * 0 + "-----BEGIN",
        "-----BEGIN",
        (tmp_path / "old.key").read_text(),
    ):
        with pytest.raises(UsageError, match="is not one public key of 'digit-deploy keygen'"):
            load_keys(trust(tmp_path, text))


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize(
    "point",
    [
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    ],
)
def test_a_key_that_everybody_can_sign_for_is_refused(tmp_path: Path, point: str, sign: int) -> None:
    """For a key of zeros, zeros are a valid signature of many contents."""
    raw = bytearray.fromhex(point)
    raw[31] |= sign
    line = f"ed25519 {base64.b64encode(raw).decode()} zeros"
    with pytest.raises(UsageError, match=":1: everybody can sign for this key"):
        load_keys(trust(tmp_path, line))
    pem = Ed25519PublicKey.from_public_bytes(bytes(raw)).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(UsageError, match="is not one public key"):
        load_keys(trust(tmp_path, pem.decode()))


@pytest.mark.parametrize("mode", [0o666, 0o646, 0o622])
def test_a_file_that_others_can_change_is_refused(tmp_path: Path, lines: dict[str, str], mode: int) -> None:
    path = trust(tmp_path, lines["old"])
    path.chmod(mode)
    with pytest.raises(UsageError, match=f"other users can change {path}, and .*; sudo chown root:root {path}"):
        load_keys(path)


def test_a_file_in_a_folder_that_others_can_change_is_refused(tmp_path: Path, lines: dict[str, str]) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    trust(folder, lines["old"])
    link = tmp_path / "link.pub"
    link.symlink_to("open/trusted.pub")
    for path in (folder / "trusted.pub", link):
        with pytest.raises(UsageError, match=f"other users can change {folder}, and so the keys {path}"):
            load_keys(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path, lines: dict[str, str]) -> None:
    path = trust(tmp_path, lines["old"])
    os.chown(path, 65534, -1)
    with pytest.raises(UsageError, match=f"other users can change {path}"):
        load_keys(path)


def test_what_is_no_file_of_keys_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pub")
    for path in (tmp_path / "missing.pub", tmp_path / "pipe.pub", tmp_path, Path("/dev/zero")):
        with pytest.raises(UsageError, match=r"the keys .* cannot be read \(.*\); copy deploy.pub from the desktop"):
            load_keys(path)
