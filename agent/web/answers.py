"""Answers of the server: JSON, and errors of one sentence."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

MEDIA_JSON = "application/json"
TOO_MANY_VIEWERS = "too many are looking; try again later"


class ErrorAnswer(msgspec.Struct, frozen=True):
    """An error, as programs get it."""

    error: str
    """One sentence: what is wrong, and what to do."""


class ConflictError(Exception):
    """Raised when somebody else was faster; the text is shown to the caller."""


class BadRequestError(ValueError):
    """Raised when a request cannot be understood; the text is shown to the caller."""


def json_answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return any content that msgspec can encode."""
    return Response(msgspec.json.encode(content), status, headers, MEDIA_JSON)


def problem(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error."""
    return json_answer(ErrorAnswer(text), status, headers)
