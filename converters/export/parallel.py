"""Make many artifacts at once: a child process for each format, with their talk kept from the terminal.

The converters write to stdout and stderr from Python and from C++, and there is no switch for all of it. A process of
their own may lose both, and the two formats then use two cores.
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
from converters.extra import asking_for_extra
from profiles.errors import ConversionError
from profiles.profile import ArtifactKind

if TYPE_CHECKING:
    from converters.export.make import Made


def make_all(
    checkpoint_files: Sequence[Path], kinds: Sequence[ArtifactKind], data: Path | None, done: Callable[[Made], None]
) -> tuple[dict[ArtifactKind, Made], ...]:
    """Make artifacts of checkpoints, all kinds of each.

    Args:
        checkpoint_files: of the nets.
        kinds: formats and precisions.
        data: a folder with MNIST to measure accuracies with; None takes over what the checkpoint says.
        done: told of each artifact when it is made.

    Raises:
        DatasetError: MNIST's test images are not in `data`.
        DigitAgentError: as `make` says, or a converter is missing or died.
    """
    if data is not None:
        load_mnist(data, "test")  # what is missing is told before a converter is started
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="digit-convert-")))
        pools = {name: _pool(logs / name, stack) for name in sorted({kind.format for kind in kinds})}
        stack.enter_context(_children_stopped_on_failure())
        with _interrupts_held():
            futures = [
                {kind: pools[kind.format].submit(_make, file, kind, data) for kind in kinds}
                for file in checkpoint_files
            ]
        for future in as_completed(chain.from_iterable(one.values() for one in futures)):
            done(_result(future, logs))
        return tuple({kind: future.result() for kind, future in one.items()} for one in futures)


def _pool(log: Path, stack: ExitStack) -> ProcessPoolExecutor:
    # spawn, because a fork would take over locks of the parent's threads.
    pool = ProcessPoolExecutor(1, get_context("spawn"), _become_quiet, (log,))
    stack.callback(pool.shutdown, cancel_futures=True)
    return pool


def _become_quiet(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)


def _make(checkpoint_file: Path, kind: ArtifactKind, data: Path | None) -> Made:
    import torch

    from converters.export.make import make

    torch.set_num_threads(1)
    return make(checkpoint_file, kind, data)


def _result(future: Future[Made], logs: Path) -> Made:
    try:
        with asking_for_extra():
            return future.result()
    except BrokenProcessPool as error:
        words = [line.strip() for log in logs.iterdir() for line in log.read_text(errors="replace").split("\n")]
        last = next((line[:200] for line in reversed(words) if line), "none")
        raise ConversionError(f"a converter died; its last words: {last}; free memory and try again") from error


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes that are started within never see Ctrl-C: they inherit the mask, and are stopped by us."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _children_stopped_on_failure() -> Iterator[None]:
    """Stop what was started within, should it fail or be interrupted, instead of waiting for it to be done."""
    others = set(active_children())
    try:
        yield
    except BaseException:
        for child in set(active_children()) - others:
            child.terminate()
        raise
