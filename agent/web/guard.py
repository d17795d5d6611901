"""The guard before every route: other names, other sites, bodies without end, and whoever is not logged in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.web.address import is_allowed_host
from agent.web.answers import BadRequestError, problem
from agent.web.login import Login
from profiles.errors import DigitAgentError

log = logging.getLogger(__name__)
OPEN_PATHS = frozenset({"/healthz", "/login", "/static/page.css", "/static/icon.svg"})
"""Paths that need no login."""
SAFE_METHODS = ("GET", "HEAD")
SESSION_COOKIE = "digit_agent_session"
MAX_BODY_BYTES = 16_384
"""Longest body of a request. A login takes less than a hundred bytes."""
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # "no-referrer" would send "Origin: null" with the form of the login
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
"""Headers of every answer."""


class _BodyTooLargeError(Exception):
    pass


class Guard:
    """Lets only requests pass that may see the page, and limits what each of them may cost.

    Args:
        app: the routes.
        login: decides who may see the page.
        names: names of this machine.
        login_page: makes the page that asks for the password.
    """

    def __init__(
        self, app: ASGIApp, login: Login, names: frozenset[str], login_page: Callable[[str, int], Response]
    ) -> None:
        self._app, self._login, self._names, self._login_page = app, login, names, login_page
        self._warned_of = set[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        has_body = not {"content-length", "transfer-encoding"}.isdisjoint(Headers(scope=scope).keys())
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if has_body:  # or the server would go on to receive a body that no route reads
                    headers["connection"] = "close"
            await send(message)

        try:
            await (await self._refusal(scope) or self._app)(scope, _bounded(receive), send_guarded)
        except Exception as error:
            if started:
                raise
            await self._answer(error, scope["path"])(scope, receive, send_guarded)

    def _answer(self, error: Exception, path: str) -> Response:
        if isinstance(error, _BodyTooLargeError):
            return problem(413, f"a body may have at most {MAX_BODY_BYTES} bytes")
        if isinstance(error, BadRequestError):
            return problem(400, str(error))
        if isinstance(error, asyncio.TimeoutError | ClientDisconnect):
            return problem(408, "the request took too long")
        if isinstance(error, DigitAgentError):
            return problem(503, str(error))
        self._warn_once(path, error)
        return problem(500, "the page failed; the journal says why")

    async def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to a request that may not pass, or None."""
        headers, path = Headers(scope=scope), scope["path"]
        host, origin = headers.get("host", ""), headers.get("origin")
        if not is_allowed_host(host, self._names):
            return problem(421, "this server has another name; start it with --web-name to allow this one")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return problem(403, "another site may not use this page")
        if int(headers.get("content-length", "0")) > MAX_BODY_BYTES:
            raise _BodyTooLargeError
        return None if path in OPEN_PATHS else await self._without_login(scope, headers)

    async def _without_login(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to a request that needs a login and has none, or None."""
        path, origin = scope["path"], headers.get("origin")
        token, session = _token(headers), session_of(headers)
        if token is None:  # nothing is read from the disk, so it needs no thread
            accepted = self._login.accepts(session, None)
        else:
            accepted = await run_in_threadpool(self._login.accepts, session, token)
        if not accepted:
            if path.startswith(("/api/", "/frame", "/metrics")):
                return problem(401, "log in, or send a token", {"www-authenticate": "Bearer"})
            return self._login_page("", 401)
        if scope["method"] not in SAFE_METHODS and origin is None and token is None:
            return problem(403, "send the Origin header, or a token")
        return None

    def _warn_once(self, path: str, error: Exception) -> None:
        """Warn of a fault of the page once by its kind, because a stranger may cause it as often as they like."""
        kind = type(error).__name__
        if kind not in self._warned_of:
            self._warned_of.add(kind)
            log.warning("the web page %s failed (%s); reading goes on", path[:100], f"{kind}: {error}")


def session_of(headers: Headers) -> str | None:
    """Return the key of the session in the cookies of a request."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(SESSION_COOKIE)
    except CookieError:
        return None
    return None if cookie is None else cookie.value


def client_of(request: Request) -> str:
    """Return the address of the client."""
    return request.client.host if request.client else ""


def _token(headers: Headers) -> str | None:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _bounded(receive: Receive) -> Receive:
    """Return a `receive` that refuses a body that is too long."""
    size = 0

    async def receive_bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            raise _BodyTooLargeError
        return message

    return receive_bounded
