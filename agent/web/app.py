"""The whole page as one ASGI application: its routes behind the guard."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.web.answers import TOO_MANY_VIEWERS, problem
from agent.web.api import Api
from agent.web.guard import SESSION_COOKIE, Guard, client_of, session_of
from agent.web.layers import parse_layers
from agent.web.live_view import LiveView
from agent.web.log_reader import LogReader
from agent.web.login import MAX_PASSWORD_CHARACTERS, SESSION_S, Login
from agent.web.markup import login_page
from agent.web.pages import Pages
from agent.web.requests import read_body
from agent.web.shown_run import ShownRun
from agent.web.streams import BOUNDARY, FrameEncoder, picture_stream

STATIC = Path(__file__).parent / "static"
STATIC_FILES = {
    "page.css": "text/css",
    "readings.js": "text/javascript",
    "live.js": "text/javascript",
    "review.js": "text/javascript",
    "setup.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""Files that are served, with their media types. A name outside of this table does not exist."""
STATUS_TEXTS = {404: "there is no such page", 405: "this method is not allowed here"}


def make_app(
    log: LogReader,
    login: Login,
    names: frozenset[str],
    run: ShownRun | None = None,
) -> ASGIApp:
    """Return the application.

    Args:
        log: reads the log.
        login: decides who may see the page.
        names: names of this machine, in lower case.
        run: the run beside which it is served; None without one.
    """
    routes = [
        Route("/healthz", _healthz, methods=["GET"]),
        *(Route(f"/static/{name}", _static(name), methods=["GET"]) for name in STATIC_FILES),
        *_Door(login).routes(),
        *Pages(log, run, asks_password=login.is_needed).routes(),
        *Api(log, run).routes(),
        *([] if run is None else _pictures(run.view)),
    ]
    return Guard(_Routes(routes), login, names, login_page)


class _Routes:
    """A router whose errors are problems of one sentence."""

    def __init__(self, routes: list[Route]) -> None:
        self.router = Router(routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self  # the router raises its errors then, instead of answering with a text
        try:
            await self.router(scope, receive, send)
        except HTTPException as error:
            text = STATUS_TEXTS.get(error.status_code, error.detail)
            await problem(error.status_code, text, error.headers)(scope, receive, send)


async def _healthz(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _static(name: str) -> ASGIApp:
    """Return an endpoint that serves one file; no part of a path comes from outside."""
    return FileResponse(STATIC / name, media_type=STATIC_FILES[name], headers={"cache-control": "no-cache"})


def _pictures(live: LiveView) -> list[Route]:
    encoder = FrameEncoder(live)

    def layers_of(request: Request) -> frozenset[str]:
        return parse_layers(request.query_params.get("layers", "read"))

    async def still(request: Request) -> Response:
        newest = await encoder.newest(layers_of(request))
        if newest is None:
            return problem(503, "there is no picture yet")
        return Response(newest[1], media_type="image/jpeg")

    async def moving(request: Request) -> Response:
        layers = layers_of(request)
        if live.is_full:
            return problem(503, TOO_MANY_VIEWERS)
        media = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
        return StreamingResponse(picture_stream(live, encoder, layers), media_type=media)

    return [Route("/frame.jpg", still, methods=["GET"]), Route("/frame.mjpg", moving, methods=["GET"])]


class _Door:
    """Logs people in and out. One password is checked at a time: each check takes 16 MiB and a core."""

    def __init__(self, login: Login) -> None:
        self._login, self._checking = login, asyncio.Lock()

    def routes(self) -> list[Route]:
        return [
            Route("/login", self.show, methods=["GET"]),
            Route("/login", self.log_in, methods=["POST"]),
            Route("/logout", self.log_out, methods=["POST"]),
        ]

    async def show(self, _: Request) -> Response:
        return login_page("", 200) if self._login.is_needed else RedirectResponse("/", 303)

    async def log_in(self, request: Request) -> Response:
        body = await read_body(request)
        password = parse_qs(body.decode("utf-8", "replace")).get("password", [""])[0]
        client, attempts, expected = client_of(request), self._login.attempts, self._login.password
        if expected is None:
            return RedirectResponse("/", 303)
        wait_s = attempts.wait_s(client)
        if wait_s > 0:
            answer = login_page(f"Too many wrong passwords. Wait {math.ceil(wait_s)} s, then try again.", 429)
            answer.headers["retry-after"] = str(math.ceil(wait_s))
            return answer
        attempts.begin(client)
        if self._checking.locked():
            return login_page("Somebody else logs in right now. Try again.", 503)
        async with self._checking:
            is_right = len(password) <= MAX_PASSWORD_CHARACTERS and await run_in_threadpool(expected.matches, password)
        if not is_right:
            return login_page("That is not the password.", 401)
        attempts.succeed(client)
        welcome = RedirectResponse("/", 303)
        key, is_encrypted = self._login.sessions.start(), request.url.scheme == "https"
        welcome.set_cookie(
            SESSION_COOKIE, key, max_age=int(SESSION_S), httponly=True, samesite="strict", secure=is_encrypted
        )
        return welcome

    async def log_out(self, request: Request) -> Response:
        session = session_of(request.headers)
        if session is not None:
            self._login.sessions.end(session)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
        return answer
