"""HTML of the pages. Every text that is put in is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

from profiles.foreign_text import show

TITLES = {
    "/": "Live",
    "/readings": "Readings",
    "/records": "Records",
    "/review": "Review",
    "/setup": "Set-up",
    "/board": "Board",
}
"""The pages in the order of the navigation, by path."""
WITHOUT_LINK = ("/records",)
"""Pages that are not in the navigation, because most boards have nothing on them; others lead there."""


class Markup(str):
    """HTML that is safe to send. `fill` makes it."""

    __slots__ = ()


def fill(template: str, **values: object) -> Markup:
    """Put values into the `{fields}` of a template; everything but `Markup` is escaped."""
    return Markup(template.format(**{name: _safe(value) for name, value in values.items()}))


def join(parts: object) -> Markup:
    """Put pieces of markup one after the other; everything but `Markup` is escaped."""
    return Markup("".join(map(_safe, parts)))  # type: ignore[call-overload]


def page(path: str, body: Markup, paths: Mapping[str, str], *, script: str = "", log_out: bool = False) -> HTMLResponse:
    """Return a page.

    Args:
        path: path of the page.
        body: content of its main part.
        paths: titles of the pages in the navigation, by path.
        script: file of its script below /static; empty if it needs none.
        log_out: whether there is a button to log out.
    """
    links = (
        fill(
            '<a href="{path}"{current}>{title}</a>',
            path=target,
            title=title,
            current=Markup(' aria-current="page"') if target == path else "",
        )
        for target, title in paths.items()
    )
    button = '<form method="post" action="/logout"><button class="quiet">Log out</button></form>'
    return document(
        TITLES[path],
        fill(
            '<a class="skip" href="#main">Skip to the content</a><header><nav aria-label="Pages">{links}</nav>{button}'
            '</header><main id="main"><h1>{title}</h1>{body}</main>',
            links=join(links),
            button=Markup(button) if log_out else "",
            title=TITLES[path],
            body=body,
        ),
        script=script,
    )


def document(title: str, body: Markup, *, status: int = 200, script: str = "") -> HTMLResponse:
    """Return a whole document."""
    content = fill(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} – digit-agent</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        'content="light dark"><link rel="icon" href="/static/icon.svg"><link rel="stylesheet" '
        'href="/static/page.css">{script}</head><body>{body}</body></html>\n',
        title=title,
        body=body,
        script=fill('<script defer src="/static/{name}"></script>', name=script) if script else "",
    )
    return HTMLResponse(content, status)


def login_page(message: str, status: int) -> HTMLResponse:
    """Return the page that asks for the password.

    Args:
        message: what was wrong with the last try; empty if there was none.
        status: status code of the answer.
    """
    alert = fill('<p class="alert" role="alert">{text}</p>', text=message) if message else ""
    return document(
        "Log in",
        fill(
            '<main id="main" class="login"><h1>digit-agent</h1>{alert}<form method="post" action="/login">'
            '<input name="username" value="digit-agent" autocomplete="username" hidden>'
            '<label for="password">Password</label><input id="password" name="password" type="password" '
            'autocomplete="current-password" required autofocus><button>Log in</button></form></main>',
            alert=alert,
        ),
        status=status,
    )


def _safe(value: object) -> str:
    return value if isinstance(value, Markup) else escape(show(value))
