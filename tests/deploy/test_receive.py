from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.archive import header
from deploy.manifest import FILE_NAME
from deploy.receive import received
from deploy.sign import make_keys
from deploy.trust import load_keys
from profiles.errors import BundleError
from tests.deploy.made import Keys, Maker


class Endless(io.RawIOBase):
    """A stream without an end, which counts what is read from it."""

    def __init__(self, begin: bytes) -> None:
        self.begin, self.taken = begin, 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0
        given = (self.begin[self.taken :] + bytes(size))[:size]
        self.taken += size
        return given


def test_a_received_bundle_is_the_one_that_was_sent(maker: Maker, keys: Keys, tmp_path: Path) -> None:
    sent = maker.write().read_bytes()
    with received(io.BytesIO(sent), load_keys(keys.public), tmp_path) as bundle:
        assert bundle.path.read_bytes() == sent
        assert bundle == replace(maker.open(), path=bundle.path, title="the received bundle")
        bundle.check()
        assert bundle.path.stat().st_mode & 0o777 == 0o600
        assert not list(tmp_path.glob("*.bundle"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundles"]


def test_what_is_not_the_bundle_is_refused(maker: Maker, keys: Keys, tmp_path: Path) -> None:
    sent = maker.write().read_bytes()
    for content, wrong in (
        (b"", "the received bundle is cut off"),
        (sent[:1000], "the received bundle is cut off"),
        (sent[:-1], "the received bundle has .* bytes instead of"),
        (sent + b"\0", "the received bundle does not end where its manifest says"),
        (sent[:600] + b"x" + sent[601:], "the signature of the received bundle is not valid"),
    ):
        with pytest.raises(BundleError, match=wrong), received(io.BytesIO(content), load_keys(keys.public), tmp_path):
            pass


def test_nothing_is_kept_of_what_no_trusted_key_has_signed(maker: Maker, tmp_path: Path) -> None:
    other = load_keys(make_keys(tmp_path / "other.key", "other"))
    for begin in (maker.write().read_bytes(), header(FILE_NAME, 2**20), b""):
        stream = Endless(begin)
        with pytest.raises(BundleError), received(stream, other, tmp_path):  # type: ignore[arg-type]
            pass
        assert stream.taken <= 2**20 + 4096


def test_data_without_end_after_a_signed_manifest_is_not_kept(maker: Maker, keys: Keys, tmp_path: Path) -> None:
    sent = maker.write().read_bytes()
    stream = Endless(sent + b"x")
    with pytest.raises(BundleError, match="does not end"), received(stream, load_keys(keys.public), tmp_path):  # type: ignore[arg-type]
        pass
    assert stream.taken == len(sent) + 1
