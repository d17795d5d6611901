"""The server: uvicorn with a bounded protocol, alone in a process or on a thread beside a run."""

from __future__ import annotations

import logging
import os
import socket
import ssl
import threading
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from agent.web.protocol import BoundedProtocol

log = logging.getLogger(__name__)
KEEP_ALIVE_S = 5
"""Time for which a connection without a request stays open, in seconds."""
MAX_HEAD_BYTES = 16_384
"""Longest head of a request, in bytes."""
STOP_TIMEOUT_S = 2.0
"""Longest wait for the thread of a server that was asked to stop, in seconds."""
THREAD_NICENESS = 10
"""How much the thread of the page gives way to the reading: 0 is not at all, 19 entirely."""


def make_server(app: ASGIApp, tls: ssl.SSLContext | None = None) -> uvicorn.Server:
    """Return a server that prints nothing: the guard reports what goes wrong.

    Args:
        app: the page.
        tls: encrypts connections; None does not.
    """
    logger = logging.getLogger("uvicorn")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
    )
    config.load()
    config.ssl = tls  # it was made and checked before the address was taken
    return uvicorn.Server(config)


class ServerThread:
    """Runs a server on a thread of its own. Whatever happens there, the run goes on.

    Args:
        server: a server that was not started.
        listener: a socket that listens.
    """

    def __init__(self, server: uvicorn.Server, listener: socket.socket) -> None:
        self._server, self._listener = server, listener
        self._thread = threading.Thread(target=self._work, name="web", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the server."""
        self._server.should_exit = True
        self._thread.join(STOP_TIMEOUT_S)

    def _work(self) -> None:
        with suppress(OSError, AttributeError):  # Linux: each thread has a niceness
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), THREAD_NICENESS)
        try:
            self._server.run(sockets=[self._listener])
        except BaseException as error:  # noqa: BLE001 - nothing of the page may end the run
            log.warning("the web page stopped (%s); reading goes on, restart the agent to get it back", error)
