"""Converters' own deprecations, kept from the user: we pin their versions, so nobody here can act on them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_warnings() -> Iterator[None]:
    """Ignore Python's warnings within; also a decorator: `@without_warnings()`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
