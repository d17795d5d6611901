"""Changes options in the configuration file, applies them, and undoes what does not work."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.capture.controls import Ioctl
from agent.config.edit import OptionValue, with_options
from agent.config.replace import confirm_config, is_writable, replace_config, restore_config
from agent.web.answers import BadRequestError, ConflictError
from agent.web.camera_controls import CameraControls, NewControl, find_controls, set_control
from agent.web.configuration import Configuration, NewOptions, OptionChange, ShownOption
from profiles.errors import DigitAgentError
from profiles.foreign_text import show

log = logging.getLogger(__name__)
OPEN_TO_ALL = (
    "Nothing can be changed here, because everybody on this machine could: the page asks for no password. "
    "--web-password-file FILE sets one."
)
NOT_WRITABLE = "Nothing can be changed here, because the agent may not write {file}. docs/web.md says how to allow it."
HIDDEN = "***"
"""What stands for a secret in a value that is shown."""
Apply = Callable[[], Sequence[str]]
"""Applies the configured options to the run, and returns the names of changed options that need a restart."""


class LockedError(Exception):
    """Raised when nothing may be changed."""


@dataclass(frozen=True)
class ConfigSource:
    """Where the options come from."""

    file: Path
    """The file that is changed."""
    options: Callable[[], tuple[ShownOption, ...]]
    """Returns the options as they are configured now."""
    find_problems: Callable[[bytes], Sequence[str]]
    """Returns the mistakes of a content of the file, in words."""
    camera_options: frozenset[str]
    """Names of the options that must be applied at once; the others may wait for a restart."""
    doctor: Sequence[str] = ()
    """Command that checks the board with this configuration."""
    device: Callable[[], str | None] = lambda: None
    """Returns the path of the camera whose controls can be set; None if there is none."""
    ioctl: Ioctl = fcntl.ioctl
    """Asks the kernel for controls."""


class ConfigEditor:
    """Changes options for people, one change at a time.

    Args:
        source: where the options come from.
        apply: applies them to the run; it raises a DigitAgentError if the camera does not come back.
        has_login: whether only people with a password see the page.
    """

    def __init__(self, source: ConfigSource, apply: Apply, *, has_login: bool) -> None:
        self._source, self._apply, self._lock = source, apply, threading.Lock()
        self._file = source.file.resolve()
        self._change = OptionChange("", "")
        self._locked = "" if has_login else OPEN_TO_ALL

    def configuration(self) -> Configuration:
        """Return the options, and what became of the last change.

        Raises:
            DigitAgentError: the configuration file has a mistake, or cannot be read.
        """
        return Configuration(
            self._source.options(), str(self._source.file), self._version(), self._lock_reason(), self._change
        )

    def change(self, new: NewOptions) -> Configuration:
        """Check and keep new options, and begin to apply them; `configuration` says what became of them.

        Raises:
            BadRequestError: an option cannot be changed here, or the file would have a mistake.
            ConflictError: another change is being checked, or the file is not the one that was seen.
            LockedError: nothing may be changed.
            DigitAgentError: the file cannot be written.
        """
        if reason := self._lock_reason():
            raise LockedError(reason)
        with self._lock:
            if self._change.state == "checking":
                raise ConflictError("another change is being checked; wait until it is applied or undone")
            if new.version != self._version():
                raise ConflictError("the file has changed meanwhile; load the page again")
            content = self._new_content(new.options)
            replace_config(self._file, content)
            self._change = OptionChange("checking", "Saved. Waiting for a picture with the new options.")
            threading.Thread(target=self._prove, args=(frozenset(new.options),), name="set-up", daemon=True).start()
        return self.configuration()

    def controls(self) -> CameraControls:
        """Return the controls of the camera."""
        return find_controls(self._source.device(), self._source.ioctl)

    def set_control(self, new: NewControl) -> CameraControls:
        """Set a control of the camera for now, and return all of them.

        Raises:
            BadRequestError: the camera refuses it.
            LockedError: nothing may be changed.
        """
        if reason := self._lock_reason():
            raise LockedError(reason)
        return set_control(self._source.device(), new, self._source.ioctl)

    def _new_content(self, options: Mapping[str, OptionValue | None]) -> bytes:
        known = {option.name: option for option in self._source.options()}
        for name, value in options.items():
            if name not in known:
                raise BadRequestError(f"there is no option {show(name)!r}")
            if known[name].locked:
                raise BadRequestError(f"{name} cannot be changed here: {known[name].locked}")
            if isinstance(value, str) and HIDDEN in value:
                raise BadRequestError(
                    f"{name} has {HIDDEN} instead of a secret; write the secret, or leave it as it is"
                )
        before = self._file.read_bytes() if self._file.exists() else b""
        fields = {name.replace("-", "_"): value for name, value in options.items()}
        content = with_options(before.decode("utf-8-sig"), fields).encode()
        if problems := self._source.find_problems(content):
            raise BadRequestError("; ".join(map(show, problems)))
        return content

    def _prove(self, changed: frozenset[str]) -> None:
        """Apply the new options; put the file before back if they cannot be applied."""
        try:
            rest = set(self._apply()) & changed
            if stuck := sorted(rest & self._source.camera_options):
                self._undo(f"{', '.join(stuck)} cannot change while the agent reads this source")
                return
            confirm_config(self._file)
            hint = f" Restart the agent for {', '.join(sorted(rest))}." if rest else ""
            self._change = OptionChange("applied", f"Saved, and in use.{hint}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the options before must come back
            self._undo(str(error) if isinstance(error, DigitAgentError) else repr(error))

    def _undo(self, reason: str) -> None:
        log.warning("options from the web page were undone: %s", reason)
        try:
            restore_config(self._file)
            self._apply()
        except DigitAgentError as error:
            reason = f"{reason}; {error}"
        self._change = OptionChange("undone", f"Undone: {show(reason)}.")

    def _version(self) -> str:
        content = self._file.read_bytes() if self._file.exists() else b""
        return hashlib.sha256(content).hexdigest()[:16]

    def _lock_reason(self) -> str:
        if self._locked or is_writable(self._file):
            return self._locked
        return NOT_WRITABLE.format(file=self._source.file)


def lock(options: Sequence[ShownOption], names: frozenset[str], command_line: str) -> tuple[ShownOption, ...]:
    """Return options of which only some can be changed on the page.

    Args:
        options: the options.
        names: names of those that can be changed.
        command_line: the origin of those that the file cannot change.
    """
    reasons = {
        option.name: "it is set on the command line, which wins over the file"
        if option.origin == command_line
        else ""
        if option.name in names
        else "a mistake here could keep the agent from starting, or give a secret away; change it in the file"
        for option in options
    }
    return tuple(replace(option, locked=reasons[option.name]) for option in options)
