"""Serves the web page: from a log alone, or beside a run."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from agent.capture.password import read_password
from agent.events import Event, RunLinks
from agent.web.address import WebAddress, listen, machine_names, parse_address
from agent.web.app import make_app
from agent.web.config_editor import ConfigEditor, ConfigSource
from agent.web.credentials import hash_password, load_credentials, make_password
from agent.web.diagnosis import Doctor
from agent.web.live_view import LiveView
from agent.web.log_reader import LogReader
from agent.web.login import Login
from agent.web.server import ServerThread, make_server
from agent.web.shown_run import ShownRun
from agent.web.tls import load_tls

CREDENTIAL = "web-password"
"""Name of the web page's password among the credentials of a systemd service (`LoadCredential=`, systemd.exec(5))."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class WebOptions:
    """How the page is served."""

    address: str
    """`[HOST:]PORT`."""
    login_file: Path
    """File with the hashes of the password and of the token."""
    password_file: Path | None = None
    """A file whose first line is the password; None makes one where it is needed."""
    names: str | None = None
    """Further names by which the page may be called, with commas between them."""
    certificate: Path | None = None
    """File with the certificate; None does not encrypt."""
    key: Path | None = None
    """File with its key; None means that it is in the same file."""
    config: ConfigSource | None = None
    """Where the options of the run come from; None without a run."""


class WebPage:
    """The page before it is served: its address is taken, and its password is known.

    Args:
        options: how the page is served.
        environ: environment in which systemd names the credentials.
        say: tells the user the address, and the password if it is new.

    Raises:
        DigitAgentError: the address cannot be used, or the password cannot be read or kept.
    """

    def __init__(self, options: WebOptions, environ: Mapping[str, str], say: Say) -> None:
        address, self._tls = parse_address(options.address), load_tls(options.certificate, options.key)
        self.listener = listen(address)
        self.address = WebAddress(address.host, self.listener.getsockname()[1], "https" if self._tls else "http")
        try:
            self._login, is_new = _make_login(options, self.address, environ, say)
        except BaseException:
            self.listener.close()
            raise
        self._names, self._config = machine_names(options.names), options.config
        say(f"the web page: {self.address.url}{qr_code(self.address.url) if is_new else ''}")

    def serve(self, log: Path) -> None:
        """Serve a log until a signal asks to stop."""
        app = make_app(LogReader(log), self._login, self._names)
        make_server(app, self._tls).run(sockets=[self.listener])

    def serve_beside(self, log: Path | None, links: RunLinks, figures: Callable[[], bytes] | None) -> PageSink:
        """Serve a run on a thread of its own.

        Args:
            log: log of the run; None if it keeps none.
            links: what the page may ask of the run.
            figures: returns the figures of the run for Prometheus; None without them.
        """
        view, config = LiveView(links.info, links.want_dropped), self._config
        assert config is not None
        editor = ConfigEditor(config, links.change, has_login=self._login.is_needed)
        run = ShownRun(view, editor, Doctor(config.doctor), figures)
        app = make_app(LogReader(log), self._login, self._names, run)
        return PageSink(view, make_server(app, self._tls), self.listener)


class PageSink:
    """The sink that shows a run on the page, and stops the server at its end.

    Args:
        view: what the run shows.
        server: serves the page; it was not started.
        listener: a socket that listens.
    """

    def __init__(self, view: LiveView, server: uvicorn.Server, listener: socket.socket) -> None:
        self._view = view
        self._server = ServerThread(server, listener)

    def take(self, event: Event) -> None:
        """Remember an event for those who look."""
        self._view.take(event)

    def close(self) -> None:
        """End the streams and stop the server."""
        self._view.close()
        self._server.close()


def qr_code(url: str) -> str:
    """Return the QR code of an address, as lines of text for a phone's camera."""
    import segno  # only the first start shows it

    out = io.StringIO()
    segno.make_qr(url, error="l").terminal(out, compact=True)
    return f"\n{out.getvalue().rstrip()}"


def _make_login(options: WebOptions, address: WebAddress, environ: Mapping[str, str], say: Say) -> tuple[Login, bool]:
    """Return what decides who may see the web page, and whether a password was made for it.

    Everybody on this machine may, or whoever knows the password.
    """
    file, given = options.login_file, read_password(options.password_file, environ, CREDENTIAL)
    if given is not None:
        return Login(file, hash_password(given)), False
    if address.is_local and options.names is None:
        return Login(file, None), False
    is_new = load_credentials(file).password is None
    if is_new:
        password = make_password(file)
        say(f"the password of the web page: {password} (it is not shown again; to get another, remove {file})")
    return Login(file, load_credentials(file).password), is_new
