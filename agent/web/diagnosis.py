"""What `digit-agent doctor` says, for the page: asked when somebody wants it, because it tries every runtime."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

import msgspec

from agent.web.answers import ConflictError
from profiles.errors import SourceError

TIMEOUT_S = 300.0
"""Longest time for a diagnosis, in seconds: each runtime is tried in a process of its own."""
MIN_PERIOD_S = 30.0
"""A diagnosis that is younger is shown again, in seconds. Raising it saves the processor from those who ask often."""


class FoundCheck(msgspec.Struct, frozen=True):
    """Result of one check."""

    name: str
    state: str
    """`ok`, `none` (absent, but optional), `warn`, or `fail` (the agent cannot read)."""
    what: str
    advice: str = ""
    """What to do; empty if there is nothing to do."""


@dataclass(frozen=True)
class DoctorReport:
    """What the doctor has said."""

    at: str
    """ISO 8601, UTC; empty if it was not asked yet."""
    checks: tuple[FoundCheck, ...]


class _Output(msgspec.Struct, frozen=True):
    checks: tuple[FoundCheck, ...]


class Doctor:
    """Asks the doctor in a process of its own, which gives way to the reading.

    Args:
        command: starts `digit-agent doctor --json`.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command, self._asking = tuple(command), threading.Lock()
        self._asked_s = -MIN_PERIOD_S
        self.report = DoctorReport("", ())
        """The last answer."""

    def ask(self) -> DoctorReport:
        """Ask the doctor, and return the answer.

        Raises:
            ConflictError: somebody else asks right now.
            SourceError: the doctor gave no answer.
        """
        if not self._asking.acquire(blocking=False):
            raise ConflictError("the board is being checked; wait until it is done")
        try:
            if time.monotonic() - self._asked_s >= MIN_PERIOD_S:
                checks = self._run()
                at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
                self.report, self._asked_s = DoctorReport(at, checks), time.monotonic()
            return self.report
        finally:
            self._asking.release()

    def _run(self) -> tuple[FoundCheck, ...]:
        try:
            done = subprocess.run(
                ["/usr/bin/env", "nice", "-n", "10", *self._command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )
            return msgspec.json.decode(done.stdout, type=_Output).checks
        except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SourceError("the doctor gives no answer", advice="ask it on the board: digit-agent doctor") from error
