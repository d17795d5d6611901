"""Passwords, tokens, sessions, and the wait after wrong passwords."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.web.credentials import PasswordHash, load_credentials, make_password, make_token
from agent.web.login import FORGET_S, FREE_TRIES, MAX_ADDRESSES, MAX_SESSIONS, SESSION_S, Attempts, Login, Sessions
from profiles.errors import OutputError, SourceError


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_only_the_hash_of_a_password_is_kept_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "state" / "web-login.json"
    password = make_password(file)
    token = make_token(file)
    assert len(password) == 19
    assert password.encode() not in file.read_bytes()
    assert token.encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    kept = load_credentials(file)
    assert kept.password is not None
    assert kept.password.matches(password)
    assert not kept.password.matches(password[:-1])
    assert kept.accepts_token(token)
    assert not kept.accepts_token(token[:-1])


def test_a_new_token_ends_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "web-login.json"
    old, new = make_token(file), make_token(file)
    assert [load_credentials(file).accepts_token(token) for token in (old, new)] == [False, True]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"password": 1}', b"\xff", b"x" * 5000])
def test_a_damaged_file_is_reported(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "web-login.json"
    file.write_bytes(content)
    with pytest.raises(SourceError, match="web page's password"):
        load_credentials(file)


def test_a_folder_that_cannot_be_written_is_reported() -> None:
    with pytest.raises(OutputError, match="cannot be kept"):
        make_token(Path("/proc/nonexistent/web-login.json"))


def test_a_session_ends_by_itself_or_by_request() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    first, second = sessions.start(), sessions.start()
    sessions.end(first)
    assert [sessions.is_open(key) for key in (first, second, "of another board")] == [False, True, False]
    clock.now_s += SESSION_S
    assert not sessions.is_open(second)


def test_the_oldest_session_ends_if_there_are_too_many() -> None:
    sessions = Sessions()
    keys = [sessions.start() for _ in range(MAX_SESSIONS + 1)]
    assert [sessions.is_open(keys[0]), sessions.is_open(keys[1])] == [False, True]


def test_a_thousand_wrong_passwords_take_days() -> None:
    clock = Clock()
    attempts, started_s = Attempts(clock), clock()
    for _ in range(1000):
        clock.now_s += attempts.wait_s("192.0.2.1")
        attempts.begin("192.0.2.1")
    assert clock() - started_s > 3 * 86_400
    assert attempts.wait_s("192.0.2.2") == 0


def test_wrong_passwords_are_forgotten_after_the_right_one_or_an_hour() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(FREE_TRIES):
        assert attempts.wait_s("::1") == 0
        attempts.begin("::1")
    assert attempts.wait_s("::1") > 0
    attempts.succeed("::1")
    assert attempts.wait_s("::1") == 0
    for _ in range(2 * FREE_TRIES):
        attempts.begin("::1")
    clock.now_s += FORGET_S + 1
    assert attempts.wait_s("::1") == 0


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
    ],
)
def test_a_network_of_version_6_counts_as_one_address(one: str, other: str, is_same: bool) -> None:
    attempts = Attempts(Clock())
    for _ in range(2 * FREE_TRIES):
        attempts.begin(one)
    assert (attempts.wait_s(other) > 0) is is_same


def test_wrong_passwords_of_many_addresses_take_a_bounded_memory() -> None:
    attempts = Attempts(Clock())
    for number in range(MAX_ADDRESSES + 100):
        attempts.begin(f"10.0.{number // 256}.{number % 256}")
    assert len(attempts._failures) == MAX_ADDRESSES


def test_without_a_password_everybody_may_see_the_page(tmp_path: Path) -> None:
    assert Login(tmp_path / "none", None).accepts(None, None)
    assert not Login(tmp_path / "none", PasswordHash(b"", b"")).accepts(None, "token")
