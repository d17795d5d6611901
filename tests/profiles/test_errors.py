from __future__ import annotations

import pickle

import pytest

from profiles import errors
from profiles.errors import DigitAgentError, SourceError

CLASSES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DigitAgentError)]


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_survives_pickling(kind: type[DigitAgentError]) -> None:
    error = pickle.loads(pickle.dumps(kind("video0 cannot be opened", advice="plug it in")))
    assert type(error) is kind
    assert (error.what, error.advice) == ("video0 cannot be opened", "plug it in")
    assert str(error) == "video0 cannot be opened; plug it in"


def test_a_message_without_advice_is_what_happened() -> None:
    error = SourceError("a.png; b.png: both are empty")
    assert (str(error), error.advice) == ("a.png; b.png: both are empty", "")
