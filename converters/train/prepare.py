"""Prepare training examples on all cores. They are kept on disk: an interrupted run prepares only what is missing.

A file keeps one part, the results of a few tasks. Its name is a digest of everything that decides them: settings,
tasks, source files and the project's code. A changed recipe or segmentation finds no file and prepares the part anew.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any, Generic, TypeVar

import cv2
import msgspec
import numpy as np

from converters.train.phase import OnPhase, Phase
from converters.worker import end_with_parent
from profiles.atomic_write import write_atomic
from profiles.errors import OutputError, TrainingError

PART_SIZE = 8
"""Number of tasks in a part. Raising it makes fewer files, and loses more work when a run is interrupted."""
COMPRESSION_LEVEL = 1
"""Level of zlib, 0..9. Raising it makes the files a little smaller and takes longer than rendering a scene."""
CODE = ("agent/drawing", "agent/vision", "converters/checkpoints", "converters/data", "converters/train")
"""Folders of the code and nets that prepared examples depend on. If a file in them changes, all are prepared again."""
Task = tuple[Any, ...]
"""Arguments that `Job.make` gets after the settings."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Job(Generic[Result]):
    """What to make of each task."""

    name: str
    """Name of the phase, such as "rendering scenes"."""
    make: Callable[..., Result]
    """Gets the settings and a task's own arguments; called in another process. Its result must not depend on others."""
    settings: Any
    """Argument that all tasks share: plain types, paths, arrays, and dataclasses of them."""
    result: type[Result]
    """Type of a result: plain types, uint8 and int64 arrays, and dataclasses of them."""


@dataclass(frozen=True)
class Preparation:
    """Prepares examples, and keeps them in a folder."""

    folder: Path
    on_phase: OnPhase

    def run(self, job: Job[Result], tasks: Sequence[Task]) -> list[Result]:
        """Return the result of each task, in the order of the tasks; load what is kept, make the rest in parallel.

        Raises:
            TrainingError: a process was killed.
            OutputError: a part cannot be kept.
        """
        parts = [tasks[i : i + PART_SIZE] for i in range(0, len(tasks), PART_SIZE)]
        digest = _digest_job(job)
        paths = [self.folder / _file_name(digest, part) for part in parts]
        decoder = msgspec.msgpack.Decoder(list[job.result], dec_hook=_decode_array)  # type: ignore[name-defined]
        kept = [_load(path, decoder) for path in paths]
        done = sum(len(results) for results in kept if results is not None)
        missing = [number for number, results in enumerate(kept) if results is None]
        if tasks:
            self.on_phase(Phase(job.name, done, len(tasks)))
        for number, content in zip(missing, _make_parts(job, [parts[number] for number in missing]), strict=True):
            _save(paths[number], content)
            results = kept[number] = decoder.decode(zlib.decompress(content))
            done += len(results)
            self.on_phase(Phase(job.name, done, len(tasks)))
        return list(chain.from_iterable(results for results in kept if results is not None))


def _load(path: Path, decoder: msgspec.msgpack.Decoder[list[Result]]) -> list[Result] | None:
    """Return the results that a file keeps; None if there is none or it is damaged."""
    try:
        return decoder.decode(zlib.decompress(path.read_bytes()))
    except (OSError, ValueError, zlib.error):
        return None


def _save(path: Path, content: bytes) -> None:
    try:
        write_atomic(path, content)
    except OSError as error:
        raise OutputError(
            f"{path.parent} cannot be written ({error.strerror})", advice="free space or name another --out"
        ) from error


def _make_parts(job: Job[Result], parts: Sequence[Sequence[Task]]) -> Iterator[bytes]:
    """Yield the content of each part's file, in the order of the parts."""
    if not parts:
        return
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(min(os.cpu_count() or 1, len(parts)), context, _start, (job,))
    try:
        yield from executor.map(_make_part, parts)
    except BrokenProcessPool as error:
        raise TrainingError(
            f"a process was killed while {job.name}", advice="free memory and give the same command again"
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)


_job: list[Job[Any]] = []
"""Job of a worker process; one element."""


def _start(job: Job[Any]) -> None:
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C stops the parent, which stops its workers
    cv2.setNumThreads(1)
    if torch := sys.modules.get("torch"):  # imported with the job, if the job needs it
        torch.set_num_threads(1)
    _job.append(job)


def _make_part(tasks: Sequence[Task]) -> bytes:
    job = _job[0]
    results = [job.make(job.settings, *task) for task in tasks]
    return zlib.compress(msgspec.msgpack.encode(results, enc_hook=_encode_array), COMPRESSION_LEVEL)


def _encode_array(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    raise NotImplementedError(f"{type(value).__name__} cannot be kept")


def _decode_array(_: type, value: Any) -> Any:
    dtype, shape, content = value
    return np.frombuffer(content, dtype).reshape(shape)


def _digest_job(job: Job[Any]) -> bytes:
    described = job.make.__module__, job.make.__qualname__, job.settings
    return hashlib.sha256(_digest_code() + _encode_for_digest(described)).digest()


def _file_name(job_digest: bytes, tasks: Sequence[Task]) -> str:
    return hashlib.sha256(job_digest + _encode_for_digest(tasks)).hexdigest()[:32] + ".part"


def _encode_for_digest(value: Any) -> bytes:
    return msgspec.msgpack.encode(value, enc_hook=_describe)


def _describe(value: Any) -> Any:
    """Describe a path by the names, sizes and times of its files, and an array by its content."""
    if isinstance(value, Path):
        found = sorted(value.rglob("*")) if value.is_dir() else [value]
        stats = [(str(path), path.stat()) for path in found if path.is_file()]
        return [str(value), *((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)]
    return _encode_array(value)


@lru_cache(maxsize=1)
def _digest_code() -> bytes:
    """Compute a digest of the code and nets that decide the results, and of the versions of the libraries that draw."""
    digest = hashlib.sha256(f"{cv2.__version__} {np.__version__}".encode())
    root = Path(str(files("converters"))).parent
    for folder in CODE:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in {".py", ".pt"}:
                digest.update(path.read_bytes())
    return digest.digest()
