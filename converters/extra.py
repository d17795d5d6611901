"""Packages of the extra `convert`, torch and the converters: report missing ones, hide their deprecation warnings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from profiles.errors import RuntimeUnusableError


@contextmanager
def require_convert_extra() -> Iterator[None]:
    """Turn a failed import inside the block into an error that says how to install the package.

    Raises:
        RuntimeUnusableError: a package is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise RuntimeUnusableError(str(error), advice="pip install 'digit-agent[convert]'") from error


@contextmanager
def without_warnings() -> Iterator[None]:
    """Ignore Python warnings inside the block; also a decorator: `@without_warnings()`.

    The converters warn about their own deprecated functions. Their versions are pinned, so users cannot act on it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
