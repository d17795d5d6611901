"""The programming interface of the page, under /api/v1. `agent.web.openapi` describes its operations."""

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

from agent.telemetry.corrections import CorrectedBeforeError, Correction, NoReadingError, take_back
from agent.telemetry.search import ReadingPart
from agent.web.answers import TOO_MANY_VIEWERS, ConflictError, json_answer, problem
from agent.web.camera_controls import CameraControls, NewControl
from agent.web.config_editor import LockedError
from agent.web.configuration import Configuration, NewOptions
from agent.web.corrections_zip import ExportQuery, chunks_of, zip_corrections
from agent.web.diagnosis import DoctorReport
from agent.web.live_view import LiveStatus
from agent.web.log_reader import (
    BoardQuery,
    BoardReport,
    LogReader,
    LogState,
    ReadingFilterQuery,
    ReadingQuery,
    RecordPart,
    RecordQuery,
    csv_chunks,
    json_chunks,
)
from agent.web.openapi import PREFIX, ApiOperation, describe
from agent.web.requests import parse_body, parse_query, read_body
from agent.web.review import (
    CorrectionPart,
    CorrectionQuery,
    NewCorrection,
    Review,
    ReviewQuery,
    RowQuery,
    find_corrections,
    find_picture,
    find_review,
    keep_correction,
)
from agent.web.shown_run import ShownRun
from agent.web.streams import event_stream
from profiles.errors import SourceError

MEDIA_CSV, MEDIA_JSON_LINES, MEDIA_EVENTS = "text/csv; charset=utf-8", "application/jsonl", "text/event-stream"
MEDIA_JPEG, MEDIA_ZIP = "image/jpeg", "application/zip"
MEDIA_METRICS = "text/plain; version=0.0.4; charset=utf-8"


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


class Api:
    """Answers programs.

    Args:
        log: reads the log.
        run: the run beside which the page is served; None without one.
    """

    def __init__(self, log: LogReader, run: ShownRun | None) -> None:
        self._log, self._shown = log, run

    @property
    def _run(self) -> ShownRun:
        """The run. `ApiOperation.needs` keeps operations from being served without it."""
        assert self._shown is not None
        return self._shown

    def routes(self) -> list[Route]:
        """Return the routes."""
        by_path = dict[str, list[ApiOperation]]()
        for one in self._operations():
            by_path.setdefault(one.place, []).append(one)
        routes = [
            Route(
                path,
                self._endpoint({one.method: one for one in operations}),
                methods=[one.method for one in operations],
            )
            for path, operations in by_path.items()
        ]
        return [*routes, Route(f"{PREFIX}/openapi.json", self._document, methods=["GET"])]

    def _operations(self) -> list[ApiOperation]:
        return [one for one in OPERATIONS if not one.needs or getattr(self._shown, one.needs, None) is not None]

    def _endpoint(self, operations: Mapping[str, ApiOperation]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            operation = operations["GET" if request.method == "HEAD" else request.method]
            if operation.has_body:
                query = parse_body(await read_body(request), operation.query)
            else:
                query = parse_query({**request.query_params, **request.path_params}, operation.query)
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
        live = self._shown.view.status() if self._shown is not None else None
        return json_answer(Status(version("digit-agent"), state, reason, live))

    def readings(self, query: ReadingQuery) -> Response:
        """Answer with a part of the readings."""
        return json_answer(self._log.readings(query))

    def readings_csv(self, query: ReadingFilterQuery) -> Response:
        """Answer with all readings as CSV."""
        return _download(csv_chunks(self._log.all_readings(query)), MEDIA_CSV, "readings.csv")

    def readings_json(self, query: ReadingFilterQuery) -> Response:
        """Answer with all readings as JSON Lines."""
        return _download(json_chunks(self._log.all_readings(query)), MEDIA_JSON_LINES, "readings.jsonl")

    def records(self, query: RecordQuery) -> Response:
        """Answer with the newest records."""
        return json_answer(self._log.records(query))

    def records_csv(self, _: NoQuery) -> Response:
        """Answer with records as CSV."""
        return _download(iter([self._log.records_csv()]), MEDIA_CSV, "records.csv")

    def reading_picture(self, query: RowQuery) -> Response:
        """Answer with the cut-out of a reading."""
        jpeg = find_picture(self._log.path, query.id)
        return (
            problem(404, "no picture of this reading is kept")
            if jpeg is None
            else Response(jpeg, 200, None, MEDIA_JPEG)
        )

    def reviews(self, query: ReviewQuery) -> Response:
        """Answer with readings that a person should look at."""
        return json_answer(find_review(self._log.path, query))

    def corrections(self, query: CorrectionQuery) -> Response:
        """Answer with a part of the corrections."""
        return json_answer(find_corrections(self._log.path, query))

    def corrections_zip(self, query: ExportQuery) -> Response:
        """Answer with the corrected readings and their cut-outs as ZIP."""
        try:
            file = zip_corrections(self._log.path, query)
        except ConflictError as error:
            return problem(409, str(error))
        headers = {"content-disposition": 'attachment; filename="corrections.zip"'}
        return StreamingResponse(chunks_of(file), media_type=MEDIA_ZIP, headers=headers)

    def correct(self, new: NewCorrection) -> Response:
        """Keep a correction."""
        try:
            return json_answer(keep_correction(self._log.path, new), 201)
        except NoReadingError as error:
            return problem(404, str(error))
        except CorrectedBeforeError as error:
            return problem(409, str(error))

    def take_back(self, query: RowQuery) -> Response:
        """Delete a correction."""
        try:
            take_back(self._log.path, query.id)
        except NoReadingError as error:
            return problem(404, str(error))
        return Response(None, 204)

    def board(self, query: BoardQuery) -> Response:
        """Answer with how the board did."""
        return json_answer(self._log.board(query))

    def configuration(self, _: NoQuery) -> Response:
        """Answer with the options of the run."""
        return json_answer(self._run.editor.configuration())

    def change_options(self, new: NewOptions) -> Response:
        """Keep new options, and begin to apply them."""
        try:
            return json_answer(self._run.editor.change(new), 202)
        except LockedError as error:
            return problem(403, str(error))
        except ConflictError as error:
            return problem(409, str(error))

    def camera_controls(self, _: NoQuery) -> Response:
        """Answer with the controls of the camera."""
        return json_answer(self._run.editor.controls())

    def set_camera_control(self, new: NewControl) -> Response:
        """Set a control of the camera for now."""
        try:
            return json_answer(self._run.editor.set_control(new), 202)
        except LockedError as error:
            return problem(403, str(error))

    def diagnosis(self, _: NoQuery) -> Response:
        """Answer with what the doctor said last."""
        return json_answer(self._run.doctor.report)

    def diagnose(self, _: NoQuery) -> Response:
        """Ask the doctor."""
        try:
            return json_answer(self._run.doctor.ask(), 201)
        except ConflictError as error:
            return problem(409, str(error))

    def events(self, _: NoQuery) -> Response:
        """Answer with readings and the state of the run, as they come."""
        if self._run.view.is_full:
            return problem(503, TOO_MANY_VIEWERS)
        return StreamingResponse(event_stream(self._run.view), media_type=MEDIA_EVENTS)

    def metrics(self, _: NoQuery) -> Response:
        """Answer with the figures of the run for Prometheus."""
        assert self._run.figures is not None
        return Response(self._run.figures(), media_type=MEDIA_METRICS)


def _download(chunks: Iterator[str], media: str, name: str) -> Response:
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
    ApiOperation(
        "/readings/{id}/picture.jpg",
        "The cut-out of a reading",
        RowQuery,
        None,
        Api.reading_picture,
        MEDIA_JPEG,
        failures=(404,),
    ),
    ApiOperation("/reviews", "Readings that a person should look at", ReviewQuery, Review, Api.reviews),
    ApiOperation("/corrections", "Corrections, newest first", CorrectionQuery, CorrectionPart, Api.corrections),
    ApiOperation(
        "/corrections.zip",
        "Corrected readings and their cut-outs, as `digit-agent corrections export` writes them",
        ExportQuery,
        None,
        Api.corrections_zip,
        MEDIA_ZIP,
        failures=(409,),
    ),
    ApiOperation(
        "/corrections", "Correct a reading", NewCorrection, Correction, Api.correct, method="POST", failures=(404, 409)
    ),
    ApiOperation(
        "/corrections/{id}", "Take a correction back", RowQuery, None, Api.take_back, method="DELETE", failures=(404,)
    ),
    ApiOperation("/records", "Records of sheets, newest first", RecordQuery, RecordPart, Api.records),
    ApiOperation("/records.csv", "The newest 10,000 records as CSV", NoQuery, None, Api.records_csv, MEDIA_CSV),
    ApiOperation("/board", "Latency, power, temperature and faults by the hour", BoardQuery, BoardReport, Api.board),
    ApiOperation(
        "/configuration",
        "Options of the run, and where their values come from",
        NoQuery,
        Configuration,
        Api.configuration,
        needs="editor",
    ),
    ApiOperation(
        "/configuration",
        "Change options in the configuration file; undone if the camera does not come back within a minute",
        NewOptions,
        Configuration,
        Api.change_options,
        method="PATCH",
        needs="editor",
        failures=(403, 409),
    ),
    ApiOperation(
        "/camera/controls",
        "Controls of the camera",
        NoQuery,
        CameraControls,
        Api.camera_controls,
        needs="editor",
    ),
    ApiOperation(
        "/camera/controls",
        "Set a control of the camera until it is opened again",
        NewControl,
        CameraControls,
        Api.set_camera_control,
        method="PATCH",
        needs="editor",
        failures=(403,),
    ),
    ApiOperation(
        "/diagnosis", "What the doctor said of this board", NoQuery, DoctorReport, Api.diagnosis, needs="doctor"
    ),
    ApiOperation(
        "/diagnosis",
        "Ask the doctor, which tries every runtime; send an empty object",
        NoQuery,
        DoctorReport,
        Api.diagnose,
        method="POST",
        needs="doctor",
        failures=(409,),
    ),
    ApiOperation(
        "/events", "Readings and the run's state, as they come", NoQuery, None, Api.events, MEDIA_EVENTS, needs="view"
    ),
    ApiOperation(
        "/metrics",
        "Figures of the run for Prometheus",
        NoQuery,
        None,
        Api.metrics,
        MEDIA_METRICS,
        needs="figures",
        at_root=True,
    ),
)
"""All operations. To add one, add a method above and a row here."""
