"""The pages for people: what was read, how the board does, and what the camera sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.telemetry.report import LoggedChoice, LoggedFault
from agent.telemetry.search import FoundReading, ReadingPart
from agent.views.picture import HIGH_CONFIDENCE, MEDIUM_CONFIDENCE
from agent.views.timeline import last_hours
from agent.web.answers import ConflictError
from agent.web.charts import chart
from agent.web.doctor_section import doctor_section
from agent.web.layers import LAYERS
from agent.web.log_reader import HOURS, BoardQuery, BoardReport, LogReader, ReadingQuery, RecordQuery
from agent.web.markup import TITLES, WITHOUT_LINK, Markup, fill, join, page
from agent.web.records_page import records_body
from agent.web.requests import parse_query
from agent.web.review import ReviewQuery
from agent.web.review_page import review_body
from agent.web.setup_page import setup_body
from agent.web.shown_run import ShownRun

FIELDS = (("text", "Number contains", "search"), ("since", "From", "datetime-local"), ("until", "To", "datetime-local"))
CONFIDENCES = {
    "": "any",
    f"max_confidence={MEDIUM_CONFIDENCE}": f"below {MEDIUM_CONFIDENCE:.0%}",
    f"max_confidence={HIGH_CONFIDENCE}": f"below {HIGH_CONFIDENCE:.0%}",
    f"min_confidence={HIGH_CONFIDENCE}": f"{HIGH_CONFIDENCE:.0%} or more",
}
"""Choices of the confidence filter: its part of the query string, and its label."""
OTHER_VERDICTS = {"not_a_number": "not a number", "cannot_tell": "cannot be told"}
LIVE = """
<div class="live">
  <div class="stage">
    <img id="picture" alt="What the camera sees, with what is read drawn over it">
    <noscript><img src="/frame.mjpg" alt="What the camera sees, with what is read drawn over it"></noscript>
    <p id="outage" class="alert" role="status" hidden></p>
    <fieldset id="layers"><legend>Layers</legend>{layers}</fieldset>
  </div>
  <div>
    <dl id="state" class="tiles">
      <div><dt>Frames</dt><dd data-key="rate">–</dd></div>
      <div><dt>Latency</dt><dd data-key="latency">–</dd></div>
      <div><dt>Power</dt><dd data-key="power">–</dd></div>
      <div><dt>Temperature</dt><dd data-key="temperature">–</dd></div>
    </dl>
    <p id="note" class="note" role="status"></p>
    <h2>Last readings</h2>
    <ol id="last" class="rows" aria-live="polite" data-high="{high}" data-medium="{medium}"></ol>
    <p id="none" class="note">Nothing has been read yet.</p>
  </div>
</div>
"""


class Pages:
    """Answers browsers.

    Args:
        log: reads the log.
        run: the run beside which the page is served; None without one.
        asks_password: whether people log in.
    """

    def __init__(self, log: LogReader, run: ShownRun | None, *, asks_password: bool) -> None:
        self._log, self._run, self._asks_password = log, run, asks_password
        hidden = WITHOUT_LINK if run is not None else (*WITHOUT_LINK, "/", "/setup")
        self._paths = {path: title for path, title in TITLES.items() if path not in hidden}

    def routes(self) -> list[Route]:
        """Return the routes."""
        endpoints = {
            "/": self.start,
            "/readings": self.readings,
            "/records": self.records,
            "/review": self.review,
            "/board": self.board,
        }
        routes = [Route(path, endpoint, methods=["GET"]) for path, endpoint in endpoints.items()]
        if self._run is None:
            return routes
        return [
            *routes,
            Route("/setup", self.setup, methods=["GET"]),
            Route("/board", self.check_board, methods=["POST"]),
        ]

    async def start(self, _: Request) -> Response:
        """Show what the camera sees, or lead to the readings of a log."""
        if self._run is None:
            return RedirectResponse("/readings", 303)
        return self._page(
            "/", fill(LIVE, high=str(HIGH_CONFIDENCE), medium=str(MEDIUM_CONFIDENCE), layers=_layers()), "live.js"
        )

    async def readings(self, request: Request) -> Response:
        """Show a part of the readings."""
        query = parse_query(_without_choice(request.query_params), ReadingQuery)
        part = await run_in_threadpool(self._log.readings, query)
        has_records = await run_in_threadpool(self._log.has_records)
        return self._page("/readings", _readings(part, query, has_records=has_records), "readings.js")

    async def records(self, request: Request) -> Response:
        """Show the newest records of sheets."""
        query = parse_query(request.query_params, RecordQuery)
        return self._page("/records", records_body(await run_in_threadpool(self._log.records, query), query))

    async def review(self, request: Request) -> Response:
        """Show readings that a person should look at, one at a time."""
        parse_query(request.query_params, ReviewQuery)
        return self._page("/review", review_body(), "review.js")

    async def setup(self, _: Request) -> Response:
        """Show the options of the run, to change them."""
        assert self._run is not None
        return self._page("/setup", setup_body(await run_in_threadpool(self._run.editor.configuration)), "setup.js")

    async def board(self, request: Request) -> Response:
        """Show how the board did."""
        query = parse_query(request.query_params, BoardQuery)
        found = await run_in_threadpool(self._log.board, query)
        checked = Markup("") if self._run is None else doctor_section(self._run.doctor.report)
        return self._page("/board", join((_board(found, query.span), checked)))

    async def check_board(self, _: Request) -> Response:
        """Ask the doctor, and show the board again."""
        assert self._run is not None
        with suppress(ConflictError):  # somebody else has asked: their answer is shown
            await run_in_threadpool(self._run.doctor.ask)
        return RedirectResponse("/board#doctor", 303)

    def _page(self, path: str, body: Markup, script: str = "") -> Response:
        return page(path, body, self._paths, script=script, log_out=self._asks_password)


def _layers() -> Markup:
    """Return a box to tick for each layer of the picture."""
    return join(
        fill(
            '<label><input type="checkbox" value="{name}"{checked}>{title}</label>',
            name=name,
            checked=Markup(" checked" if name == "read" else ""),
            title=title,
        )
        for name, title in LAYERS.items()
    )


def _without_choice(query: Mapping[str, str]) -> dict[str, str]:
    """Replace the chosen confidence of the form by its part of the query."""
    given = dict(query)
    name, _, value = given.pop("confidence", "").partition("=")
    return given | ({name: value} if name in ("min_confidence", "max_confidence") else {})


def _readings(part: ReadingPart, query: ReadingQuery, *, has_records: bool) -> Markup:
    default = ReadingQuery()
    filters = {
        name: str(value)
        for name, value in _named(query).items()
        if value != getattr(default, name) and name not in ("before", "after", "limit")
    }
    older = fill('<a id="older" rel="next" class="button" href="{link}">Older readings</a>',
                 link="/readings?" + urlencode(filters | {"before": str(part.next_before)}))  # fmt: skip
    empty = "No reading matches." if filters else "Nothing has been read yet."
    is_start = query.before is None and not query.after
    return fill(
        '{form}<p class="actions"><a class="button" download href="/api/v1/readings.csv?{query}">CSV</a>'
        '<a class="button" download href="/api/v1/readings.jsonl?{query}">JSON</a>{records}</p>'
        '<ol id="rows" class="rows" data-start="{is_start}">{rows}</ol>{empty}{older}',
        form=_form(filters),
        query=urlencode(filters),
        records=Markup('<a class="button" href="/records">Records of sheets</a>' if has_records else ""),
        is_start="yes" if is_start else "no",
        rows=join(map(_row, part.readings)),
        empty=Markup("") if part.readings or part.next_before else fill('<p id="empty">{text}</p>', text=empty),
        older=older if part.next_before is not None else Markup(""),
    )


def _form(filters: Mapping[str, str]) -> Markup:
    inputs = (
        fill(
            '<label>{label}<input type="{kind}" name="{name}" value="{value}"{limit}></label>',
            label=label,
            kind=kind,
            name=name,
            value=filters.get(name, ""),
            limit=Markup(' maxlength="64"' if kind == "search" else ""),
        )
        for name, label, kind in FIELDS
    )
    chosen = next((f"{name}={filters[name]}" for name in ("min_confidence", "max_confidence") if name in filters), "")
    options = (
        fill(
            '<option value="{value}"{selected}>{label}</option>',
            value=value,
            label=label,
            selected=Markup(" selected" if value == chosen else ""),
        )
        for value, label in CONFIDENCES.items()
    )
    return fill(
        '<details class="filter"{open}><summary>Filter</summary><form method="get" action="/readings">{inputs}'
        '<label>Confidence<select name="confidence">{options}</select></label><div class="actions">'
        '<button>Show</button><a class="button quiet" href="/readings">Clear</a></div></form></details>',
        open=Markup(" open" if filters else ""),
        inputs=join(inputs),
        options=join(options),
    )


def _row(reading: FoundReading) -> Markup:
    return fill(
        '<li data-id="{id}"><a href="/review?reading={id}">{picture}<span><b>{text}</b> {correction}</span></a>'
        '<span class="{kind}">{confidence}</span>{at}</li>',
        id=reading.id,
        picture=fill('<img loading="lazy" alt="" src="/api/v1/readings/{id}/picture.jpg">', id=reading.id)
        if reading.picture
        else Markup(""),
        text=reading.text,
        correction=_correction(reading),
        kind=_kind(reading.confidence),
        confidence=f"{reading.confidence:.1%}",
        at=_time(reading.at),
    )


def _correction(reading: FoundReading) -> Markup:
    """Return what a person says about a reading."""
    if reading.verdict in OTHER_VERDICTS:
        return fill('<span class="corrected">{verdict}</span>', verdict=OTHER_VERDICTS[reading.verdict])
    if not reading.verdict:
        return Markup("")
    is_right = reading.corrected == reading.text
    return fill('<span class="corrected">{text}</span>', text="checked" if is_right else f"is {reading.corrected}")


def _kind(confidence: float) -> str:
    """Return the class of a confidence, which gives it the colour that the dashboard gives it, too."""
    return "sure" if confidence >= HIGH_CONFIDENCE else "unsure" if confidence < MEDIUM_CONFIDENCE else "fair"


def _time(at: str) -> Markup:
    """Return a time as the board's clock shows it."""
    local = datetime.fromisoformat(at).astimezone()
    return fill('<time datetime="{at}">{shown}</time>', at=at, shown=f"{local:%Y-%m-%d %H:%M:%S}")


def _board(found: BoardReport, span: str) -> Markup:
    timeline = last_hours(found.hours, HOURS[span])
    charts = [chart(series, timeline) for series in timeline.series]
    spans = (
        fill(
            '<a class="button" href="/board?span={name}"{current}>Last {name}</a>',
            name=name,
            current=Markup(' aria-current="true"' if name == span else ""),
        )
        for name in HOURS
    )
    return fill(
        '<p class="actions" role="group" aria-label="Time">{spans}</p><div class="charts">{charts}</div>{table}'
        "<h2>Artifact in use</h2>{choice}<h2>Faults</h2>{faults}",
        spans=join(spans),
        charts=join(charts) if charts else Markup("<p>Nothing was measured in this time.</p>"),
        table=_table(found) if charts else Markup(""),
        choice=join(map(_choice, found.choices)) or Markup("<p>None was logged.</p>"),
        faults=fill('<ol class="rows faults">{rows}</ol>', rows=join(map(_fault, found.faults)))
        if found.faults
        else Markup("<p>No faults in this time.</p>"),
    )


def _table(found: BoardReport) -> Markup:
    """Return the charts as a table, for those who cannot see them."""
    head = ("Hour", "Readings", "p50 ms", "p95 ms", "Mean W", "Max °C", "Faults")
    return fill(
        '<details><summary>As a table</summary><div class="scroll" tabindex="0" role="region" aria-label="By the hour">'
        "<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>",
        head=join(fill('<th scope="col">{name}</th>', name=name) for name in head),
        rows=join(_cells(found)),
    )


def _cells(found: BoardReport) -> Iterator[Markup]:
    for hour in found.hours:
        figures = (
            str(hour.readings),
            _figure(hour.total.p50_ms if hour.total else None),
            _figure(hour.total.p95_ms if hour.total else None),
            _figure(None if hour.mean_mw is None else hour.mean_mw / 1000),
            _figure(hour.max_c),
            str(hour.faults),
        )
        start = datetime.fromisoformat(hour.start).astimezone()
        cells = join(fill("<td>{figure}</td>", figure=figure) for figure in figures)
        yield fill('<tr><th scope="row">{start}</th>{cells}</tr>', start=f"{start:%a %d %b %H:%M}", cells=cells)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _choice(choice: LoggedChoice) -> Markup:
    return fill("<p><b>{artifact}</b> in {runtime}: {reason}</p>", **asdict(choice))


def _fault(fault: LoggedFault) -> Markup:
    return fill("<li><span>{text}</span>{at}</li>", text=fault.text, at=_time(fault.at))


def _named(query: ReadingQuery) -> dict[str, object]:
    return {name: getattr(query, name) for name in query.__struct_fields__}
