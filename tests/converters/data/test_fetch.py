"""Downloads from local servers that fail in different ways."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from converters.data.fetch import fetch, has_digest
from profiles.errors import DownloadError, OutputError

UNPACKED = np.random.default_rng(0).bytes(300_000)
PACKED = gzip.compress(UNPACKED)
DIGEST = {"digits": hashlib.sha256(UNPACKED).hexdigest()}


@dataclass
class Mirror:
    """A mirror that serves `content` as /digits.gz."""

    content: bytes = PACKED
    status: int = 200
    drop_after_bytes: int | None = None
    """Number of bytes after which the first response ends, although more were announced."""
    ranges: bool = True
    """Whether the server supports range requests."""
    requests: list[str | None] = field(default_factory=list)
    """Range header of each request."""
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        requested = handler.headers["Range"]
        self.requests.append(requested)
        if self.status != 200:
            handler.send_error(self.status)
            return
        start = int(requested.removeprefix("bytes=").removesuffix("-")) if requested and self.ranges else 0
        if start >= len(self.content):
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(self.content) - start))
        handler.end_headers()
        end = None if self.drop_after_bytes is None or len(self.requests) > 1 else start + self.drop_after_bytes
        handler.wfile.write(self.content[start:end])


Serve = Callable[[Mirror], Mirror]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[ThreadingHTTPServer] = []

    def start(mirror: Mirror) -> Mirror:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                assert self.path == "/digits.gz"
                mirror.answer(self)

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        mirror.url = f"http://127.0.0.1:{server.server_port}/"
        return mirror

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def fetch_digits(folder: Path, *mirrors: Mirror) -> list[tuple[str, int, int]]:
    reports: list[tuple[str, int, int]] = []
    fetch(
        folder,
        lambda *progress: reports.append(progress),
        mirrors=[m.url for m in mirrors],
        sha256=DIGEST,
        timeout_s=60,
    )
    return reports


def test_downloads_and_reports(tmp_path: Path, serve: Serve) -> None:
    reports = fetch_digits(tmp_path / "new", serve(Mirror()))
    assert has_digest(tmp_path / "new" / "digits.gz", DIGEST["digits"])
    assert reports[-1] == ("digits.gz", len(PACKED), len(PACKED))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["digits.gz"]


@pytest.mark.parametrize(("name", "content"), [("digits.gz", PACKED), ("digits", UNPACKED)])
def test_keeps_a_complete_file(tmp_path: Path, serve: Serve, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    mirror = serve(Mirror())
    fetch_digits(tmp_path, mirror)
    assert mirror.requests == []


def test_replaces_a_damaged_file(tmp_path: Path, serve: Serve) -> None:
    (tmp_path / "digits.gz").write_bytes(PACKED[:1000])
    fetch_digits(tmp_path, serve(Mirror()))
    assert (tmp_path / "digits.gz").read_bytes() == PACKED


def test_continues_after_a_dropped_connection(tmp_path: Path, serve: Serve) -> None:
    mirror = serve(Mirror(drop_after_bytes=100_000))
    fetch_digits(tmp_path, mirror)
    assert (tmp_path / "digits.gz").read_bytes() == PACKED
    assert mirror.requests == [None, "bytes=100000-"]


def test_the_next_mirror_continues_a_partial_download(tmp_path: Path, serve: Serve) -> None:
    (tmp_path / ".digits.partial.gz").write_bytes(PACKED[:70_000])
    second = serve(Mirror())
    fetch_digits(tmp_path, serve(Mirror(status=503)), second)
    assert (tmp_path / "digits.gz").read_bytes() == PACKED
    assert second.requests == ["bytes=70000-"]


def test_starts_over_when_a_mirror_does_not_support_ranges(tmp_path: Path, serve: Serve) -> None:
    mirror = serve(Mirror(drop_after_bytes=100_000, ranges=False))
    fetch_digits(tmp_path, mirror)
    assert (tmp_path / "digits.gz").read_bytes() == PACKED


@pytest.mark.parametrize(
    "bad",
    [
        Mirror(status=404),
        Mirror(content=gzip.compress(UNPACKED[::-1])),
        Mirror(content=b"<html>please log in to this network</html>"),
        Mirror(content=PACKED[:-1]),
    ],
    ids=["404", "other bytes", "no gzip", "truncated"],
)
def test_tries_the_next_mirror(tmp_path: Path, serve: Serve, bad: Mirror) -> None:
    fetch_digits(tmp_path, serve(bad), serve(Mirror()))
    assert (tmp_path / "digits.gz").read_bytes() == PACKED


def test_the_error_names_the_failure_of_each_mirror(tmp_path: Path, serve: Serve) -> None:
    gone, wrong = serve(Mirror(status=404)), serve(Mirror(content=b"nonsense"))
    unreachable = Mirror(url="http://127.0.0.1:9/")
    with pytest.raises(DownloadError) as caught:
        fetch_digits(tmp_path, gone, wrong, unreachable)
    message = str(caught.value)
    assert f"{gone.url}: 404" in message
    assert f"{wrong.url}: wrong checksum" in message
    assert "refused" in message
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        fetch_digits(tmp_path / "file" / "mnist")
