"""What `digit-agent config check` finds in a configuration file beside mistakes of its form."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent.capture.controls import parse_controls
from agent.capture.mounting import parse_mounting
from agent.capture.uri import parse_source
from agent.config.document import Document, Problem
from agent.forms.document import load_forms
from agent.forms.locate import FormFinder
from profiles.errors import FormError, PictureError, UsageError


def find_problems(document: Document) -> list[Problem]:
    """Return the mistakes of a configuration file, from the first line to the last."""
    return sorted(
        [
            *document.problems,
            *_source_problems(document),
            *_camera_problems(document),
            *_form_problems(document),
            *_path_problems(document),
        ]
    )


def _source_problems(document: Document) -> Iterator[Problem]:
    """Yield the mistakes in `source` and `camera`; a file that does not exist yet is not one."""
    for name in ("source", "camera"):
        if (text := getattr(document.config, name)) is not None:
            try:
                parse_source(text)
            except UsageError as error:
                yield Problem(document.lines[name], str(error))


def _camera_problems(document: Document) -> Iterator[Problem]:
    """Yield the mistakes in `roi`, `rotate` and `control`."""
    given = document.config
    checks: dict[str, Callable[[], object]] = {
        "roi": lambda: parse_mounting(given.roi, None, None),
        "rotate": lambda: parse_mounting(None, given.rotate, None),
        "control": lambda: parse_controls(given.control),
    }
    for name, check in checks.items():
        try:
            check()
        except UsageError as error:  # noqa: PERF203 (three options)
            yield Problem(document.lines[name], str(error))


def _form_problems(document: Document) -> Iterator[Problem]:
    """Yield the first mistake in the file of the form, or in those of a folder; they may not exist yet."""
    form = document.config.form
    if form is not None and form.exists():
        try:
            for known in load_forms(form):
                FormFinder(known)
        except (FormError, PictureError) as error:
            yield Problem(document.lines["form"], str(error))


def _path_problems(document: Document) -> Iterator[Problem]:
    """Yield the paths at which there is something else; a file that does not exist yet is not a mistake."""
    log, password, artifacts = document.config.log, document.config.password_file, document.config.artifacts
    if log is not None and log.is_dir():
        yield Problem(document.lines["log"], f"log is a file, but {log} is a folder", f"name {log / 'agent.db'}")
    if password is not None and password.is_dir():
        yield Problem(document.lines["password_file"], f"password-file is a file, but {password} is a folder")
    if artifacts is not None and artifacts.is_file():
        yield Problem(document.lines["artifacts"], f"artifacts is a folder, but {artifacts} is a file")
