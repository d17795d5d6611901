"""What a request asks for: values of its query string or its body, checked against a type."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TypeVar

import msgspec
from starlette.requests import Request

from agent.web.answers import BadRequestError

BODY_TIMEOUT_S = 10.0
"""Longest time in which a body may arrive, in seconds."""
Kind = TypeVar("Kind")


async def read_body(request: Request) -> bytes:
    """Return the body of a request.

    Raises:
        TimeoutError: it did not arrive in time.
    """
    return await asyncio.wait_for(request.body(), BODY_TIMEOUT_S)


def parse_query(query: Mapping[str, object], kind: type[Kind]) -> Kind:
    """Return the values of a query string; empty ones count as missing.

    Raises:
        BadRequestError: there is an unknown name, or a value is not allowed.
    """
    try:
        return msgspec.convert({name: value for name, value in query.items() if value}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequestError(str(error)) from error


def parse_body(body: bytes, kind: type[Kind]) -> Kind:
    """Return the values of a JSON body.

    Raises:
        BadRequestError: it is not JSON, there is an unknown name, or a value is not allowed.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequestError(f"the body cannot be understood ({error})") from error
