"""The programming interface of the page, under /api/v1: its operations, and the OpenAPI document about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from agent.telemetry.search import FoundReading, ReadingPart
from agent.web.answers import MEDIA_JSON, TOO_MANY_VIEWERS, ErrorAnswer, json_answer, problem
from agent.web.live_view import LiveStatus, LiveView
from agent.web.log_reader import (
    BoardQuery,
    BoardReport,
    LogReader,
    LogState,
    ReadingFilterQuery,
    ReadingQuery,
    csv_chunks,
    json_chunks,
    parse_query,
)
from agent.web.streams import event_stream
from profiles.errors import SourceError

PREFIX = "/api/v1"
SCHEMA_PLACE = "#/components/schemas/{name}"
MEDIA_CSV, MEDIA_JSON_LINES, MEDIA_EVENTS = "text/csv; charset=utf-8", "application/jsonl", "text/event-stream"


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query without parameters."""


@dataclass(frozen=True)
class Status:
    """What the agent does now."""

    version: str
    log: LogState | None
    """None if the run keeps no log, or it cannot be read."""
    log_problem: str
    """Why the log cannot be read; empty if it can."""
    live: LiveStatus | None
    """The run to which this page belongs; None if it only shows a log."""


@dataclass(frozen=True)
class ApiOperation:
    """A route of the interface and its description."""

    path: str
    """Below the prefix."""
    summary: str
    query: type[Any]
    answer: type[Any] | None
    """Type of a JSON answer; None if it is of another media type."""
    respond: Callable[[Api, Any], Response]
    media: str = MEDIA_JSON
    needs_run: bool = False
    """Whether it exists only beside a run."""


class Api:
    """Answers programs.

    Args:
        log: reads the log.
        live: the run beside which the page is served; None without one.
    """

    def __init__(self, log: LogReader, live: LiveView | None) -> None:
        self._log, self._live = log, live

    def routes(self) -> list[Route]:
        """Return the routes."""
        routes = [Route(PREFIX + one.path, self._endpoint(one), methods=["GET"]) for one in self._operations()]
        return [*routes, Route(f"{PREFIX}/openapi.json", self._document, methods=["GET"])]

    def _operations(self) -> list[ApiOperation]:
        return [one for one in OPERATIONS if self._live is not None or not one.needs_run]

    def _endpoint(self, operation: ApiOperation) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            query = parse_query(request.query_params, operation.query)
            return await run_in_threadpool(operation.respond, self, query)

        return endpoint

    async def _document(self, _: Request) -> Response:
        return json_answer(describe(self._operations()))

    def status(self, _: NoQuery) -> Response:
        """Answer with the state of the log and of the run."""
        state, reason = None, ""
        try:
            state = self._log.state()
        except SourceError as error:
            reason = str(error)
        live = self._live.status() if self._live is not None else None
        return json_answer(Status(version("digit-agent"), state, reason, live))

    def readings(self, query: ReadingQuery) -> Response:
        """Answer with a part of the readings."""
        return json_answer(self._log.readings(query))

    def readings_csv(self, query: ReadingFilterQuery) -> Response:
        """Answer with all readings as CSV."""
        return self._download(csv_chunks, query, MEDIA_CSV, "readings.csv")

    def readings_json(self, query: ReadingFilterQuery) -> Response:
        """Answer with all readings as JSON Lines."""
        return self._download(json_chunks, query, MEDIA_JSON_LINES, "readings.jsonl")

    def board(self, query: BoardQuery) -> Response:
        """Answer with how the board did."""
        return json_answer(self._log.board(query))

    def events(self, _: NoQuery) -> Response:
        """Answer with readings and the state of the run, as they come."""
        assert self._live is not None
        if self._live.is_full:
            return problem(503, TOO_MANY_VIEWERS)
        return StreamingResponse(event_stream(self._live), media_type=MEDIA_EVENTS)

    def _download(
        self,
        encode: Callable[[Iterator[FoundReading]], Iterator[str]],
        query: ReadingFilterQuery,
        media: str,
        name: str,
    ) -> Response:
        chunks = encode(self._log.all_readings(query))
        first = next(chunks, "")  # an error shows before the answer begins

        def content() -> Iterator[str]:
            yield first
            yield from chunks

        disposition = {"content-disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(content(), media_type=media, headers=disposition)


OPERATIONS = (
    ApiOperation("/status", "What the agent does now", NoQuery, Status, Api.status),
    ApiOperation("/readings", "Readings, newest first, part by part", ReadingQuery, ReadingPart, Api.readings),
    ApiOperation("/readings.csv", "All readings as CSV", ReadingFilterQuery, None, Api.readings_csv, MEDIA_CSV),
    ApiOperation(
        "/readings.jsonl", "All readings as JSON Lines", ReadingFilterQuery, None, Api.readings_json, MEDIA_JSON_LINES
    ),
    ApiOperation("/board", "Latency, power, temperature and faults by the hour", BoardQuery, BoardReport, Api.board),
    ApiOperation(
        "/events", "Readings and the run's state, as they come", NoQuery, None, Api.events, MEDIA_EVENTS, needs_run=True
    ),
)
"""All operations. To add one, add a method above and a row here."""


def describe(operations: list[ApiOperation]) -> dict[str, Any]:
    """Return the OpenAPI document."""
    answers = [one.answer for one in operations if one.answer is not None]
    _, schemas = msgspec.json.schema_components([*answers, ErrorAnswer], ref_template=SCHEMA_PLACE)
    return {
        "openapi": "3.1.0",
        "info": {"title": "digit-agent", "version": version("digit-agent")},
        "security": [{"token": []}, {"session": []}],
        "paths": {PREFIX + one.path: {"get": _describe(one)} for one in operations},
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "digit_agent_session"},
            },
        },
    }


def _describe(operation: ApiOperation) -> dict[str, Any]:
    schema: Mapping[str, Any] = (
        {"type": "string"}
        if operation.answer is None
        else {"$ref": SCHEMA_PLACE.format(name=operation.answer.__name__)}
    )
    failures = {400: "a parameter is wrong", 401: "no login", 503: "the log cannot be read"}
    error = {MEDIA_JSON: {"schema": {"$ref": SCHEMA_PLACE.format(name=ErrorAnswer.__name__)}}}
    return {
        "summary": operation.summary,
        "operationId": operation.respond.__name__,
        "parameters": list(_parameters(operation.query)),
        "responses": {
            "200": {
                "description": operation.summary,
                "content": {operation.media.partition(";")[0]: {"schema": schema}},
            },
            **{str(status): {"description": text, "content": error} for status, text in failures.items()},
        },
    }


def _parameters(query: type[Any]) -> Iterator[dict[str, Any]]:
    _, components = msgspec.json.schema_components([query])
    for name, schema in components[query.__name__].get("properties", {}).items():
        yield {"name": name, "in": "query", "schema": schema}
