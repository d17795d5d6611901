"""Find out why a program or a library cannot be loaded. The dynamic linker and Python give a message, but no code."""

from __future__ import annotations

import errno
import os

NO_MEMORY = "there is not enough memory", "stop other programs, or raise the limit (`ulimit -v`, MemoryMax=)"
NO_EXECUTION = "its folder is mounted with noexec", "install it on a file system without noexec"
NOT_MAPPED = "failed to map segment"
"""Part of the message of glibc's dlopen(3) for both causes: too little memory, and a folder mounted with noexec."""
MEMORY_PHRASES = (
    NOT_MAPPED,
    "cannot allocate memory",
    "can't start new thread",
    "unable to allocate",
    "insufficient memory",
    "failed to allocate",
    "bad_alloc",
)
"""Parts of messages about too little memory, in lower case: of dlopen(3), strerror(3), threading, NumPy, OpenCV, TFLite
and onnxruntime."""


def load_failure(error: BaseException) -> tuple[str, str] | None:
    """Return the cause of an error in words and what to do next, if it is a lack of memory or a noexec mount.

    NumPy 1 raises an ImportError of its own from that of the dynamic linker, so the causes of an error count too.
    """
    cause = _own_failure(error)
    return cause if cause or error.__cause__ is None else load_failure(error.__cause__)


def _own_failure(error: BaseException) -> tuple[str, str] | None:
    text = str(error).lower()
    if NOT_MAPPED in text and isinstance(error, ImportError) and error.path and _forbids_execution(error.path):
        return NO_EXECUTION
    lacks_memory = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    return NO_MEMORY if lacks_memory or any(phrase in text for phrase in MEMORY_PHRASES) else None


def _forbids_execution(path: str) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_NOEXEC)
    except OSError:
        return False
