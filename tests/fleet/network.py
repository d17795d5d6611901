"""A network for boards: a bridge on this machine, and for each board a network namespace with a link to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.systemd.image import sh

BRIDGE, NETWORK = "digit0", "10.87.3"


@dataclass(frozen=True)
class NetworkLink:
    """Network connection of a board.

    Attributes:
        namespace: network namespace of the board.
        address: IPv4 address of the board.
        device: network device at this machine's end.
    """

    namespace: Path
    address: str
    device: str

    def disconnect(self) -> None:
        sh("ip", "link", "set", self.device, "down")

    def reconnect(self) -> None:
        sh("ip", "link", "set", self.device, "up")


@contextmanager
def network_links(names: Sequence[str]) -> Iterator[list[NetworkLink]]:
    """Create a link for each board, and remove all links at the end of the block."""
    with ExitStack() as cleanup:
        sh("ip", "link", "add", BRIDGE, "type", "bridge")
        cleanup.callback(sh, "ip", "link", "delete", BRIDGE)
        sh("ip", "address", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        sh("ip", "link", "set", BRIDGE, "up")
        yield [
            cleanup.enter_context(_network_link(name, f"{NETWORK}.{number}")) for number, name in enumerate(names, 11)
        ]


@contextmanager
def _network_link(name: str, address: str) -> Iterator[NetworkLink]:
    device = f"{BRIDGE}-{name}"
    sh("ip", "netns", "add", name)
    try:
        sh("ip", "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name)
        sh("ip", "link", "set", device, "master", BRIDGE, "up")
        sh("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        for interface in ("lo", "eth0"):
            sh("ip", "-n", name, "link", "set", interface, "up")
        yield NetworkLink(Path("/run/netns", name), address, device)
    finally:
        sh("ip", "netns", "delete", name)
