from __future__ import annotations

import errno

import pytest

from profiles.load_failure import NO_MEMORY, load_failure

OBJECT = "libopenblas.so: failed to map segment from shared object"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (MemoryError(), NO_MEMORY),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), NO_MEMORY),
        (ImportError(OBJECT), NO_MEMORY),
        (ImportError(f"{OBJECT}: Cannot allocate memory"), NO_MEMORY),
        (ImportError(OBJECT, path=__file__), NO_MEMORY),
        (ImportError(OBJECT, path="/nowhere/x.so"), NO_MEMORY),
        (RuntimeError("can't start new thread"), NO_MEMORY),
        (RuntimeError("alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 5150400 bytes"), NO_MEMORY),
        (RuntimeError("std::bad_alloc"), NO_MEMORY),
        (ImportError("No module named 'onnxruntime'"), None),
        (OSError(errno.ENOENT, "No such file or directory"), None),
    ],
)
def test_the_cause_of_an_error_is_known(error: Exception, cause: tuple[str, str] | None) -> None:
    assert load_failure(error) == cause


def test_the_error_behind_an_error_counts() -> None:
    with pytest.raises(ImportError) as caught:
        raise ImportError("Error importing numpy") from ImportError(OBJECT)
    assert load_failure(caught.value) == NO_MEMORY
