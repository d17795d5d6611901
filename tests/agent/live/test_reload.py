from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from agent.capture.demo import DemoSource
from agent.capture.uri import DemoSpec
from agent.choice.fallback import ChosenNets
from agent.events import Event, FrameEvent
from agent.live.loop import loop
from agent.live.reload import NetsInUse, ReloadRequests, handle_reloads, load_nets
from agent.live.watch import VideoWatch
from agent.vision.pipeline import QUICK
from profiles.errors import ArtifactError, ManifestError, NoArtifactError
from profiles.profile import Profile, RuntimeOption, load_profile

if TYPE_CHECKING:
    from tests.agent.conftest import Linear

PROFILE = msgspec.structs.replace(load_profile("generic-x86"), runtimes=(RuntimeOption(name="ai-edge-litert"),))


def load(folder: Path, profile: Profile = PROFILE) -> ChosenNets:
    return load_nets(folder, profile, cache=folder.parent / "cache")


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.slow
def test_an_intact_folder_is_loaded(linear: Linear, tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    linear.write(folder, *(linear.artifact(f"{name}.tflite") for name in ("linear", "verifier", "recogniser")))
    nets = load(folder)
    assert nets.verifier is not None
    assert nets.recogniser is not None
    np.testing.assert_allclose(nets.classifier.logits(linear.glyphs), linear.reference(linear.glyphs), atol=1e-3)


def test_one_damaged_file_is_enough_to_refuse_a_folder(linear: Linear, tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    linear.write(folder, linear.artifact("linear.tflite"), linear.artifact("linear-int8.tflite"))
    flip(folder / "linear-int8.tflite")
    with pytest.raises(ArtifactError, match=r"linear-int8\.tflite is not the file that its manifest describes"):
        load(folder)
    (folder / "linear-int8.tflite").unlink()
    with pytest.raises(ArtifactError, match=r"linear-int8\.tflite cannot be read"):
        load(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["linear.tflite", "verifier.tflite", "recogniser.tflite"])
def test_wrong_golden_logits_of_any_role_are_refused(linear: Linear, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "artifacts"
    golden = linear.artifact(name).golden
    wrong = linear.artifact(name, golden=msgspec.structs.replace(golden, logits=golden.logits[::-1]))
    classifier = () if wrong.role == "classifier" else (linear.artifact("linear-int8.tflite"),)
    linear.write(folder, *classifier, wrong)
    with pytest.raises(NoArtifactError, match=rf"{name} computes other logits"):
        load(folder)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff"])
def test_a_damaged_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ManifestError, match=r"manifest\.json is damaged"):
        load(tmp_path)


@pytest.fixture(scope="module")
def two(linear: Linear, tmp_path_factory: pytest.TempPathFactory) -> tuple[ChosenNets, ChosenNets]:
    """The nets of two folders."""
    folder = tmp_path_factory.mktemp("two")
    linear.write(folder / "one", linear.artifact("linear.tflite"))
    linear.write(folder / "two", linear.artifact("linear-int8.tflite"), linear.artifact("linear.tflite"))
    return load(folder / "one"), load(folder / "two")


@pytest.mark.slow
def test_new_nets_keep_the_power_saving(two: tuple[ChosenNets, ChosenNets]) -> None:
    first, others = two
    in_use = NetsInUse(first)
    cheapest = others.classifier.choice.cheapest_first().best.variant
    in_use.set_power_saving(True)
    in_use.switch_to(others)
    assert in_use.classifier is others.classifier
    assert others.classifier.choice.best.variant == cheapest
    assert in_use.folder() == Path(others.classifier.choice.folder)
    assert in_use.read(np.full((60, 80, 3), 200, np.uint8), depth=QUICK).digits == ()


class ReloadingSink:
    """A sink that requests a reload with every other frame, and records the frames."""

    def __init__(self, in_use: NetsInUse, two: tuple[ChosenNets, ChosenNets], requests: ReloadRequests) -> None:
        self.numbers, self.folders = list[int](), set[str]()
        self._in_use, self._two, self._requests = in_use, two, requests

    def take(self, event: Event) -> None:
        assert isinstance(event, FrameEvent)
        self.numbers.append(event.number)
        self.folders.add(str(self._in_use.folder()))
        if event.number % 2:
            self._requests.put(True)

    def reload(self) -> str:
        one, other = self._two
        self._in_use.switch_to(other if self._in_use.classifier is one.classifier else one)
        return "done"

    def close(self) -> None: ...


@pytest.mark.slow
def test_no_frame_is_lost_or_read_twice_while_nets_are_exchanged(two: tuple[ChosenNets, ChosenNets]) -> None:
    in_use, requests = NetsInUse(two[0]), ReloadRequests()
    sink, refused = ReloadingSink(in_use, two, requests), list[str]()
    video = VideoWatch(in_use.read, 100.0)
    source = DemoSource(DemoSpec("demo:", frames=40))
    with handle_reloads(requests, sink.reload, done=lambda _: video.force_look(), refused=refused.append, environ={}):
        frames = iter(source.read, None)
        summary = loop(frames, video, [sink], stop=threading.Event())
    assert sink.numbers == list(range(40))
    assert (summary.counts.frames, summary.counts.dropped) == (40, 0)
    assert len(sink.folders) == 2
    assert refused == []


class BlockedReloads:
    """Reloads that wait until they may finish, and the lines that report them."""

    def __init__(self, outcomes: list[Exception | str], environ: dict[str, str]) -> None:
        self.requests, self.lines = ReloadRequests(), list[str]()
        self.began, self.reported, self.go_on = threading.Semaphore(0), threading.Semaphore(0), threading.Semaphore(0)
        self._outcomes = iter(outcomes)
        self.context = handle_reloads(
            self.requests, self._reload, done=self._report, refused=self._report, environ=environ
        )

    def _reload(self) -> str:
        self.began.release()
        assert self.go_on.acquire(timeout=60)
        outcome = next(self._outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _report(self, text: str) -> None:
        self.lines.append(text)
        self.reported.release()

    def request(self) -> None:
        self.requests.put(True)

    def begun(self) -> bool:
        return self.began.acquire(timeout=60)

    def finish(self) -> bool:
        self.go_on.release()
        return self.reported.acquire(timeout=60)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket in place of systemd's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        yield listener


def test_systemd_is_notified_when_a_reload_begins_and_ends(manager: socket.socket, tmp_path: Path) -> None:
    job = BlockedReloads(["done", ArtifactError("bad file")], {"NOTIFY_SOCKET": str(tmp_path / "notify")})
    with job.context:
        for _ in range(2):
            job.request()
            assert job.begun()
            began, since = manager.recv(4096).decode().splitlines()
            assert began == "RELOADING=1"
            assert int(since.removeprefix("MONOTONIC_USEC=")) > 0
            assert job.finish()
            assert manager.recv(4096) == b"READY=1"
    assert job.lines == ["done", "reload refused, the previous artifacts stay in use: bad file"]


def test_several_requests_during_a_reload_lead_to_one_more() -> None:
    job = BlockedReloads(["first", "second", "third"], {})
    with job.context:
        job.request()
        assert job.begun()
        for _ in range(5):
            job.request()
        assert job.finish()
        assert job.begun()
        assert job.finish()
        assert not job.began.acquire(timeout=0.2)
    assert job.lines == ["first", "second"]


def test_nothing_is_reported_after_the_end_and_no_thread_is_left() -> None:
    job = BlockedReloads(["too late"], {})
    with ExitStack() as stack:
        stack.enter_context(job.context)
        job.request()
        assert job.begun()
        threading.Timer(0.1, job.go_on.release).start()
    assert job.lines == []
    assert not [thread for thread in threading.enumerate() if thread.name == "reload"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [(OSError(12, "Cannot allocate memory"), "Cannot allocate memory"), (ValueError("a bug"), "ValueError('a bug')")],
)
def test_any_error_refuses_a_reload_and_the_next_one_is_possible(error: Exception, reason: str) -> None:
    job = BlockedReloads([error, "done"], {})
    with job.context:
        for _ in range(2):
            job.request()
            assert job.begun()
            assert job.finish()
    assert job.lines[0].endswith(reason)
    assert job.lines[1] == "done"


def test_a_pipe_in_place_of_a_file_refuses_a_reload(linear: Linear, tmp_path: Path) -> None:
    (artifact,) = linear.write(tmp_path, linear.artifact("linear.onnx"))
    (tmp_path / artifact.file).unlink()
    os.mkfifo(tmp_path / artifact.file)
    with pytest.raises(ArtifactError, match="it is not a regular file"):
        load(tmp_path)
    (tmp_path / "manifest.json").unlink()
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(ManifestError, match="it is not a regular file"):
        load(tmp_path)
