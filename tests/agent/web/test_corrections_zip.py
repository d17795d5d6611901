"""The corrections as a file to download: the same files as the command line exports, and nothing left behind."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.telemetry.corrections_export import export_corrections
from agent.web import corrections_zip
from agent.web.corrections_zip import ExportQuery, chunks_of, zip_corrections
from agent.web.credentials import PasswordHash
from agent.web.openapi import PREFIX
from profiles.errors import OutputError
from tests.agent.web.conftest import READINGS, Site
from tests.agent.web.test_review import correct

PATH = f"{PREFIX}/corrections.zip"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, empty at the begin."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def corrected_site(serve: Callable[..., Site], own_log: Path) -> Site:
    """A log with a right, a wrong and an unclear reading."""
    site = serve(path=own_log)
    for reading, text, verdict in ((READINGS, "12.5", "number"), (READINGS - 1, "", "not_a_number")):
        assert correct(site, reading, text, verdict).status == 201
    assert correct(site, READINGS - 2, verdict="cannot_tell").status == 201
    return site


def test_it_has_what_the_command_line_exports(
    corrected_site: Site, own_log: Path, tmp_path: Path, temporary: Path
) -> None:
    answer = corrected_site.ask(f"{PATH}?group=anna")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="corrections.zip"'
    export_corrections(own_log, tmp_path / "exported", "anna")
    expected = {f"corrections/{file.name}": file.read_bytes() for file in (tmp_path / "exported").iterdir()}
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == expected
    assert len(expected) == 4
    assert list(temporary.iterdir()) == []


def test_it_needs_a_login(serve: Callable[..., Site], password_hash: PasswordHash) -> None:
    site = serve(password_hash)
    assert site.ask(PATH).status == 401
    assert site.ask(PATH, Cookie=site.session()).status != 401


def test_without_a_correction_it_says_so(serve: Callable[..., Site], own_log: Path, temporary: Path) -> None:
    answer = serve(path=own_log).ask(PATH)
    assert answer.status == 503
    assert "has no corrected reading with a picture; correct readings" in answer.text
    assert list(temporary.iterdir()) == []


def test_only_one_is_made_at_a_time(corrected_site: Site) -> None:
    with corrections_zip.ONE_AT_A_TIME:
        answer = corrected_site.ask(PATH)
    assert (answer.status, "already" in answer.text) == (409, True)
    assert corrected_site.ask(PATH).status == 200


def test_it_has_a_limit(corrected_site: Site, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections_zip, "MAX_EXPORT_BYTES", 1000)
    answer = corrected_site.ask(PATH)
    assert (answer.status, "run 'digit-agent corrections export' on the board" in answer.text) == (503, True)
    assert list(temporary.iterdir()) == []


def test_a_client_that_closes_early_leaves_no_file(corrected_site: Site, own_log: Path, temporary: Path) -> None:
    assert corrected_site.ask(PATH).status == 200
    file = zip_corrections(own_log, ExportQuery())
    chunks = chunks_of(file)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert file.closed
    assert list(temporary.iterdir()) == []


def test_no_room_for_temporary_files_is_one_sentence(
    corrected_site: Site, own_log: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "missing"))
    with pytest.raises(OutputError, match="the corrections cannot be exported"):
        zip_corrections(own_log, ExportQuery())
    assert corrected_site.ask(PATH).status == 503
