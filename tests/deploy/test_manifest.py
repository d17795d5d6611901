from __future__ import annotations

import hashlib
import random
from datetime import date
from typing import Any

import msgspec
import pytest

from deploy.manifest import BundleManifest, Member, check_version, describe_age, dump_manifest, is_older, parse_manifest
from profiles.errors import BundleError, UsageError

SHA = hashlib.sha256(b"").hexdigest()


def member(path: str, size: int = 3) -> Member:
    return Member(path=path, bytes=size, sha256=SHA)


MANIFEST = BundleManifest(
    version="1.2.3",
    compatible=("pi4", "pi5"),
    min_agent="0.1",
    agent="0.2.0",
    members=(
        member("artifacts/base.onnx"),
        member("artifacts/manifest.json"),
        member("wheels/digit_agent-0.2.0-py3.whl"),
    ),
)


NO_VERSIONS = (
    "",
    ".",
    "1.",
    ".1",
    "1..2",
    "01.2",
    "1.02",
    "v1.4",
    "-1",
    "+1",
    "1e3",
    " 1",
    "1 ",
    "1.2rc1",
    "\u0663.\u0661",
    "\uff11.\uff12",
    "1.2\0",
)
"""Among them digits of other scripts: Arabic and full-width."""


def changed(**changes: Any) -> bytes:
    return dump_manifest(msgspec.structs.replace(MANIFEST, **changes))


def with_members(*members: Member) -> bytes:
    return changed(agent=None, members=members)


def test_a_manifest_survives_a_round_trip() -> None:
    assert parse_manifest(dump_manifest(MANIFEST), "x") == MANIFEST
    assert MANIFEST.bytes == 9


@pytest.mark.parametrize(
    "path",
    [
        "artifacts/../../etc/passwd",
        "../artifacts/a",
        "/etc/passwd",
        "artifacts//a",
        "artifacts/",
        "artifacts/a/b",
        "artifacts/.",
        "artifacts/..",
        "artifacts/.hidden",
        "artifacts/-rf",
        "artifacts/a\n",
        "artifacts/a\0b",
        "artifacts/ä",
        "artifacts/" + "a" * 201,
        "config/other.toml",
        "wheels/setup.py",
        "bundle.json",
        "agent/bin/python",
        "current",
        "",
    ],
)
def test_paths_cannot_leave_their_folder(path: str) -> None:
    with pytest.raises(BundleError, match="does not understand"):
        parse_manifest(with_members(member(path), member("artifacts/manifest.json")), "x")


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (with_members(member("artifacts/manifest.json"), member("artifacts/a")), "not sorted"),
        (with_members(member("artifacts/manifest.json"), member("artifacts/manifest.json")), "listed twice"),
        (with_members(member("artifacts/a")), "artifacts/manifest.json is missing"),
        (with_members(), "artifacts/manifest.json is missing"),
        (changed(agent=None), "an agent without wheels"),
        (changed(members=MANIFEST.members[:2]), "an agent without wheels"),
        (changed(version="1.2-rc1"), "does not understand"),
        (changed(version="1.2\n"), "does not understand"),
        (changed(version="²"), "does not understand"),
        (changed(version="1.2.3.4.5"), "does not understand"),
        *((changed(version=version), "does not understand") for version in NO_VERSIONS),
        (changed(expires="2027-13-01"), "does not understand"),
        (changed(expires=None), "does not understand"),
        (changed(compatible=()), "does not understand"),
        (changed(schema=2), "does not understand"),
        (with_members(member("artifacts/manifest.json", -1)), "does not understand"),
        (with_members(member("artifacts/manifest.json", 2**40)), "does not understand"),
        (dump_manifest(MANIFEST).replace(b'"schema"', b'"schemes"'), "does not understand"),
        (b'{"version": 1' + b"[" * 100_000, "does not understand"),
        (b"\xff", "does not understand"),
        (b"", "does not understand"),
    ],
)
def test_an_invalid_manifest_is_refused(content: bytes, wrong: str) -> None:
    with pytest.raises(BundleError, match=wrong) as refusal:
        parse_manifest(content, "some.bundle")
    assert "some.bundle" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def mangled(value: Any, rng: random.Random) -> Any:
    """Return a JSON value with one random change."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        if rng.random() < 0.2:
            return {other: value[other] for other in value if other != key}
        return {**value, (rng.choice([key, "x"]) if rng.random() < 0.1 else key): mangled(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        return [*value[:at], mangled(value[at], rng), *value[at + 1 :]]
    strange = ["", "..", "/", "a\0", "\ud7ff", 0, -1, 2**63, 1e308, None, True, [], {}, [[]], "9" * 5000, {"a": {}}]
    return rng.choice([one for one in strange if one != value])


def fuzzed(rng: random.Random) -> bytes:
    content = msgspec.json.encode(mangled(msgspec.to_builtins(MANIFEST), rng))
    if rng.random() < 0.3:
        at = rng.randrange(len(content))
        content = content[:at] + bytes([rng.randrange(256)]) + content[at + rng.randrange(3) :]
    return content


def test_a_thousand_fuzzed_manifests_are_refused_or_valid() -> None:
    rng, messages = random.Random(1), list[str]()
    for _ in range(1000):
        try:
            parsed = parse_manifest(fuzzed(rng), "x")
            # Another size, or another checksum: what follows in the bundle does not fit it.
            assert all(".." not in one.path and one.bytes >= 0 for one in parsed.members)
        except BundleError as error:  # noqa: PERF203
            messages.append(str(error))
    assert len(messages) > 900
    assert not [message for message in messages if "\n" in message]


@pytest.mark.parametrize("version", NO_VERSIONS)
def test_a_wrong_version_says_what_a_version_looks_like(version: str) -> None:
    with pytest.raises(
        UsageError, match=r"--version .* is not a version; write one to four numbers, such as 1\.4"
    ) as error:
        check_version(version, "--version")
    assert str(error.value).isprintable()


def test_without_a_last_day_the_manifest_is_that_of_the_first_version() -> None:
    assert b"expires" not in dump_manifest(MANIFEST)
    assert b"made" not in dump_manifest(MANIFEST)
    dated = msgspec.structs.replace(MANIFEST, expires=date(2027, 6, 30))
    assert b'"expires": "2027-06-30"' in dump_manifest(dated)
    assert parse_manifest(dump_manifest(dated), "x") == dated


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [
        ("1.0", "1.1", True),
        ("1.9", "1.10", True),
        ("1.2", "1.2.0", False),
        ("1.2", "1.2.1", True),
        ("2", "1.9.9", False),
        ("0.2.0rc1", "0.2.0", False),
        ("0.2.0.dev3+local", "0.2.1", True),
        ("unknown", "0.1", True),
    ],
)
def test_versions_are_compared_number_by_number(version: str, than: str, older: bool) -> None:
    assert is_older(version, than) is older


@pytest.mark.parametrize(
    ("made", "age"),
    [
        (date(2026, 11, 28), "2026-11-28, today"),
        (date(2026, 11, 27), "2026-11-27, 1 day ago"),
        (date(2025, 11, 28), "2025-11-28, 365 days ago"),
        (date(2026, 11, 29), "2026-11-29, after today; see the clock"),
        (msgspec.UNSET, ""),
    ],
)
def test_a_bundle_says_how_old_it_is(made: date | msgspec.UnsetType, age: str) -> None:
    dated = msgspec.structs.replace(MANIFEST, made=made)
    assert describe_age(parse_manifest(dump_manifest(dated), "x"), date(2026, 11, 28)) == age
