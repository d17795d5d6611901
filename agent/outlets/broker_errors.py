"""What went wrong between the agent and an MQTT broker, in one sentence with advice for each cause."""

from __future__ import annotations

import socket
import ssl

from agent.capture.http_errors import NO_ROUTE, shorten
from profiles.errors import OutputError

REFUSALS = {
    128: ("fails for a reason that it does not name", "read the broker's log"),
    130: ("does not understand this program", "use a broker that speaks MQTT 5, such as mosquitto 1.6 or newer"),
    132: ("does not speak MQTT 5", "use a broker that does, such as mosquitto 1.6 or newer"),
    133: ("does not accept the client's name", "allow clients that begin with digit-agent- in the broker's settings"),
    134: ("refuses the user name or the password", "check both; the password belongs into --mqtt-password-file"),
    135: (
        "does not allow this user what the agent does",
        "allow the user to write below the prefix, and to read the topic 'command' there",
    ),
    136: ("is not available now", "wait, or start the broker again"),
    137: ("is busy", "wait, or allow the broker more connections"),
    138: ("has banned this client", "read the broker's log, and lift the ban there"),
    142: ("is used by another board with the same name", "give each board a --board-name of its own"),
    149: ("does not take messages of this size", "raise the broker's limit for the size of a message"),
    151: ("is full: a quota is used up", "give the broker more room, or let its readers catch up"),
}
"""What the broker does and what to do, by MQTT 5's reason codes (section 2.4)."""
WRONG_PASSWORD, NOT_ALLOWED, TAKEN_OVER, TOO_LARGE = 134, 135, 142, 149


def refusal(uri: str, code: int, name: str) -> OutputError:
    """Return the error for a reason code of the broker.

    Args:
        uri: the address without secrets.
        code: the reason code.
        name: its name in the specification.
    """
    what, advice = REFUSALS.get(code, (f"ends the connection ({shorten(name)})", "read the broker's log"))
    return OutputError(f"the broker {uri} {what}", advice=advice)


def connection_failure(uri: str, error: Exception) -> OutputError:
    """Return the error for an exception while the connection was made.

    Args:
        uri: the address without secrets.
        error: an OSError.
    """
    if isinstance(error, socket.gaierror):
        what, advice = "has a name that is not known here", "check the name, and this machine's network"
    elif isinstance(error, ssl.SSLCertVerificationError):
        what = f"has a certificate that is not valid here ({shorten(error.verify_message)})"
        advice = "give the certificate of its authority with --mqtt-ca"
    elif isinstance(error, ssl.SSLError):
        what = "makes no encrypted connection"
        advice = "check the port (8883 is usual for mqtts), and whether it wants a client certificate: --mqtt-cert"
    elif isinstance(error, TimeoutError):
        what, advice = "does not answer", "check the address, and that the broker runs"
    elif isinstance(error, ConnectionRefusedError):
        what, advice = "refuses the connection", "check the port, and that the broker runs"
    elif isinstance(error, OSError) and error.errno in NO_ROUTE:
        what, advice = "is not reachable in the network", "check that this machine and the broker are connected"
    else:
        reason = getattr(error, "strerror", None) or type(error).__name__
        what, advice = f"cannot be reached ({shorten(reason)})", "check the network and the broker"
    return OutputError(f"the broker {uri} {what}", advice=advice)


def silence(uri: str) -> OutputError:
    """Return the error for a broker that takes what is sent, and never answers."""
    return OutputError(
        f"the broker {uri} takes messages and does not confirm them", advice="check that an MQTT broker runs there"
    )


def closed(uri: str) -> OutputError:
    """Return the error for a connection that ended without a reason."""
    return OutputError(
        f"the broker {uri} closes the connection",
        advice="check the port, and whether the broker is full or wants mqtts; its log has the reason",
    )
