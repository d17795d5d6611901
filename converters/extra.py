"""Packages of the extra `convert`, torch and the converters: report missing ones, hide their deprecation warnings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from profiles.errors import RuntimeUnusableError

MODULES = frozenset(
    {
        "ai_edge_litert",
        "ai_edge_quantizer",
        "flatbuffers",
        "litert_torch",
        "onnx",
        "onnxconverter_common",
        "onnxruntime",
        "onnxscript",
        "torch",
        "torch_pruning",
    }
)
"""Modules of the packages that the extra `convert` in pyproject.toml installs."""


@contextmanager
def require_convert_extra() -> Iterator[None]:
    """Turn the failed import of a package of the extra into an error with the command that installs it.

    Other failed imports are raised unchanged, because installing the extra would not help.

    Raises:
        RuntimeUnusableError: a package of the extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in MODULES:
            raise
        raise RuntimeUnusableError(str(error), advice="pip install 'digit-agent[convert]'") from error


@contextmanager
def without_warnings() -> Iterator[None]:
    """Ignore Python warnings inside the block; also a decorator: `@without_warnings()`.

    The converters warn about their own deprecated functions. Their versions are pinned, so users cannot act on it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
