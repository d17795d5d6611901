"""The operations of the programming interface, and the OpenAPI document about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

import msgspec
from starlette.responses import Response

from agent.web.answers import MEDIA_JSON, ErrorAnswer

PREFIX = "/api/v1"
SCHEMA_PLACE = "#/components/schemas/{name}"
FAILURES = {
    400: "a parameter is wrong",
    401: "no login",
    403: "nothing can be changed here",
    404: "it is not there, or not any more",
    409: "somebody else was faster",
    503: "the log cannot be used",
}
"""Status codes of errors, with what they mean."""
FAILURES_OF_ALL = 400, 401, 503


@dataclass(frozen=True)
class ApiOperation:
    """A route of the interface and its description."""

    path: str
    """Below the prefix, unless it is at the root."""
    summary: str
    query: type[Any]
    answer: type[Any] | None
    """Type of a JSON answer; None if it is of another media type."""
    respond: Callable[[Any, Any], Response]
    media: str = MEDIA_JSON
    needs: Literal["", "view", "editor", "doctor", "figures"] = ""
    """The part of `ShownRun` without which it does not exist; empty if it exists without a run, too."""
    method: str = "GET"
    failures: tuple[int, ...] = ()
    """Status codes of `FAILURES` that it may answer, beside those of every operation."""
    at_root: bool = False
    """Whether it has no prefix, because programs look for it there."""

    @property
    def place(self) -> str:
        """The whole path."""
        return self.path if self.at_root else PREFIX + self.path

    @property
    def has_body(self) -> bool:
        """Whether `query` is the type of a JSON body, and not of the parameters."""
        return self.method in {"POST", "PATCH"}

    @property
    def success(self) -> int:
        """Status code of an answer without an error."""
        return {"POST": 201, "PATCH": 202, "DELETE": 204}.get(self.method, 200)


def describe(operations: list[ApiOperation]) -> dict[str, Any]:
    """Return the OpenAPI document."""
    answers = [one.answer for one in operations if one.answer is not None]
    bodies = [one.query for one in operations if one.has_body]
    _, schemas = msgspec.json.schema_components([*answers, *bodies, ErrorAnswer], ref_template=SCHEMA_PLACE)
    paths = dict[str, dict[str, Any]]()
    for one in operations:
        paths.setdefault(one.place, {})[one.method.lower()] = _describe(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "digit-agent", "version": version("digit-agent")},
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "digit_agent_session"},
            },
        },
    }


def _describe(operation: ApiOperation) -> dict[str, Any]:
    schema = {"type": "string"} if operation.answer is None else _reference(operation.answer)
    content = {} if operation.success == 204 else {"content": {operation.media.partition(";")[0]: {"schema": schema}}}
    error = {MEDIA_JSON: {"schema": _reference(ErrorAnswer)}}
    failures = sorted({*FAILURES_OF_ALL, *operation.failures})
    body = {"requestBody": {"required": True, "content": {MEDIA_JSON: {"schema": _reference(operation.query)}}}}
    return {
        "summary": operation.summary,
        "operationId": operation.respond.__name__,
        "parameters": [] if operation.has_body else list(_parameters(operation)),
        **(body if operation.has_body else {}),
        "responses": {
            str(operation.success): {"description": operation.summary, **content},
            **{str(status): {"description": FAILURES[status], "content": error} for status in failures},
        },
    }


def _reference(kind: type[Any]) -> dict[str, str]:
    return {"$ref": SCHEMA_PLACE.format(name=kind.__name__)}


def _parameters(operation: ApiOperation) -> Iterator[dict[str, Any]]:
    _, components = msgspec.json.schema_components([operation.query])
    for name, schema in components[operation.query.__name__].get("properties", {}).items():
        in_path = f"{{{name}}}" in operation.path
        yield {"name": name, "in": "path" if in_path else "query", "required": in_path, "schema": schema}
