"""The socket that listens, with a limit for open connections, those that are still being encrypted included."""

from __future__ import annotations

import socket
import weakref
from collections import Counter
from typing import Any

MAX_CONNECTIONS = 96
"""Open connections; one more is closed at once. Each holds a few kilobytes, and a file descriptor of the process."""
MAX_CONNECTIONS_OF_AN_ADDRESS = 48
"""Of these, connections from one address, so that one machine alone cannot take all."""


class BoundedListener(socket.socket):
    """A socket that closes a new connection at once if there are too many."""

    def __init__(self, family: int, kind: int) -> None:
        super().__init__(family, kind)
        self._open = weakref.WeakKeyDictionary[socket.socket, str]()

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection.

        Raises:
            ConnectionAbortedError: there are too many; the event loop waits for the next one.
        """
        connection, address = super().accept()
        hosts = Counter(host for one, host in self._open.items() if one.fileno() >= 0)
        if hosts.total() >= MAX_CONNECTIONS or hosts[address[0]] >= MAX_CONNECTIONS_OF_AN_ADDRESS:
            connection.close()
            raise ConnectionAbortedError
        self._open[connection] = address[0]
        return connection, address
