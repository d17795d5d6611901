"""What only the extra `convert` installs: torch, and the converters of the formats."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from profiles.errors import RuntimeUnusableError


@contextmanager
def asking_for_extra() -> Iterator[None]:
    """What is not installed within ends in a line that says how to install it.

    Raises:
        RuntimeUnusableError: something could not be imported.
    """
    try:
        yield
    except ImportError as error:
        raise RuntimeUnusableError(f"{error}; pip install 'digit-agent[convert]'") from error
