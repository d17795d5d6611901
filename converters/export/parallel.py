"""Make many artifacts in child processes, one process for each format.

The converters write to stdout and stderr from Python and from C++, and no option turns all of it off. In a child
process both can be redirected to a file. The two formats also run in parallel, on two cores.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from itertools import chain
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import TYPE_CHECKING

from converters.data.mnist import load_mnist
from converters.extra import require_convert_extra
from converters.worker import end_with_parent
from profiles.errors import ConversionError
from profiles.profile import ArtifactKind

if TYPE_CHECKING:
    from converters.export.make import ExportedArtifact


def make_artifacts(
    checkpoint_files: Sequence[Path],
    kinds: Sequence[ArtifactKind],
    data: Path | None,
    done: Callable[[ExportedArtifact], None],
) -> tuple[dict[ArtifactKind, ExportedArtifact], ...]:
    """Make artifacts of all kinds from each checkpoint.

    Args:
        checkpoint_files: checkpoints of the nets.
        kinds: formats and precisions.
        data: folder with MNIST to measure accuracies with; None copies the accuracies from the checkpoints.
        done: called with each artifact when it is made.

    Returns:
        The artifacts of each checkpoint, by kind.

    Raises:
        DatasetError: MNIST's test images are missing or damaged.
        DigitAgentError: see `make_artifact`; also when a converter is not installed or its process died.
    """
    if data is not None:
        load_mnist(data, "test")  # fail before a converter is started
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="digit-convert-")))
        pools = {name: _pool(logs / name, stack) for name in sorted({kind.format for kind in kinds})}
        stack.enter_context(_stop_children_on_failure())
        with _interrupts_blocked():
            futures = [
                {kind: pools[kind.format].submit(_make, file, kind, data) for kind in kinds}
                for file in checkpoint_files
            ]
        for future in as_completed(chain.from_iterable(one.values() for one in futures)):
            done(_result(future, logs))
        return tuple({kind: future.result() for kind, future in one.items()} for one in futures)


def _pool(log: Path, stack: ExitStack) -> ProcessPoolExecutor:
    # spawn, because a forked child inherits locks held by the parent's threads.
    pool = ProcessPoolExecutor(1, get_context("spawn"), _start, (log,))
    stack.callback(pool.shutdown, cancel_futures=True)
    return pool


def _start(log: Path) -> None:
    """Let the worker's output go into a file, also that of libraries."""
    end_with_parent()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)


def _make(checkpoint_file: Path, kind: ArtifactKind, data: Path | None) -> ExportedArtifact:
    import torch

    from converters.export.make import make_artifact

    torch.set_num_threads(1)
    return make_artifact(checkpoint_file, kind, data)


def _result(future: Future[ExportedArtifact], logs: Path) -> ExportedArtifact:
    try:
        with require_convert_extra():
            return future.result()
    except BrokenProcessPool as error:
        lines = [line.strip() for log in logs.iterdir() for line in log.read_text(errors="replace").split("\n")]
        last = next((line[:200] for line in reversed(lines) if line), "none")
        raise ConversionError(
            f"a converter died; its last output: {last}", advice="free memory and try again"
        ) from error


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block SIGINT: processes started inside the block inherit the mask, and Ctrl-C does not reach them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _stop_children_on_failure() -> Iterator[None]:
    """Stop child processes that were started inside the block if it fails or is interrupted."""
    others = set(active_children())
    try:
        yield
    except BaseException:
        for child in set(active_children()) - others:
            child.terminate()
        raise
