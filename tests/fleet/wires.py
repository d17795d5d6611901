"""A network for boards: a bridge on this machine, and for each board a network namespace with a wire to cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.systemd.image import sh

BRIDGE, NETWORK = "digit0", "10.87.3"


@dataclass(frozen=True)
class Wire:
    """A board's connection.

    Attributes:
        namespace: the network namespace that the board lives in.
        address: the board's, IPv4.
        plug: this machine's end of the wire.
    """

    namespace: Path
    address: str
    plug: str

    def cut(self) -> None:
        sh("ip", "link", "set", self.plug, "down")

    def mend(self) -> None:
        sh("ip", "link", "set", self.plug, "up")


@contextmanager
def wired(names: Sequence[str]) -> Iterator[list[Wire]]:
    """A wire for each board; all of it is gone afterwards."""
    with ExitStack() as cleanup:
        sh("ip", "link", "add", BRIDGE, "type", "bridge")
        cleanup.callback(sh, "ip", "link", "delete", BRIDGE)
        sh("ip", "address", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        sh("ip", "link", "set", BRIDGE, "up")
        yield [cleanup.enter_context(_wire(name, f"{NETWORK}.{number}")) for number, name in enumerate(names, 11)]


@contextmanager
def _wire(name: str, address: str) -> Iterator[Wire]:
    plug = f"{BRIDGE}-{name}"
    sh("ip", "netns", "add", name)
    try:
        sh("ip", "link", "add", plug, "type", "veth", "peer", "name", "eth0", "netns", name)
        sh("ip", "link", "set", plug, "master", BRIDGE, "up")
        sh("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            sh("ip", "-n", name, "link", "set", device, "up")
        yield Wire(Path("/run/netns", name), address, plug)
    finally:
        sh("ip", "netns", "delete", name)
