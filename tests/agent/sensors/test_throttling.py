from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from agent.sensors.throttling import (
    HOT,
    WEAK_SUPPLY,
    Soctherm,
    Throttling,
    find_throttling_reader,
    parse_throttling,
    read_throttling,
    throttling_advice,
)
from profiles.profile import load_profile

WriteFiles = Callable[[Mapping[str, str]], Path]
HWMON = "sys/class/hwmon"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("throttled=0x0\n", Throttling((), ())),
        ("throttled=0x50005\n", Throttling(("under-voltage", "throttled"), ("under-voltage", "throttled"))),
        ("throttled=0x80008\n", Throttling(("soft temperature limit",), ("soft temperature limit",))),
        ("throttled=0x20000\n", Throttling((), ("frequency capped",))),
        ('error=1 error_msg="Command not registered"\n', None),
        ("throttled=0x\n", None),
        ("", None),
    ],
)
def test_flags_are_parsed(text: str, expected: Throttling | None) -> None:
    assert parse_throttling(text) == expected


def test_throttling_command_has_no_mask() -> None:
    asked: list[tuple[str, ...]] = []
    assert read_throttling(lambda argv: asked.append(tuple(argv))) is None
    assert asked == [("vcgencmd", "get_throttled")]


def counters(under_voltage: int, average: int, moment: int) -> dict[str, str]:
    """Counters of a Jetson Orin, as files of its driver."""
    counts = {"oc1": under_voltage, "oc2": average, "oc3": moment}
    return {f"{HWMON}/hwmon1/name": "ina3221", f"{HWMON}/hwmon3/name": "soctherm_oc"} | {
        f"{HWMON}/hwmon3/{name}_event_cnt": str(count) for name, count in counts.items()
    }


def test_orin_is_throttled_while_its_counters_rise(write_files: WriteFiles) -> None:
    ask = Soctherm(write_files(counters(0, 0, 27)))
    since = ("over-current for a moment",)
    assert ask() == Throttling((), since), "what was counted before is not now"
    write_files(counters(1, 0, 30))
    assert ask() == Throttling(("under-voltage", *since), ("under-voltage", *since))
    assert ask() == Throttling((), ("under-voltage", *since))


def remove(file: Path) -> None:
    file.unlink()


def fail_with_eio(file: Path) -> None:
    file.unlink()
    file.symlink_to("/proc/self/mem")  # reading address 0 is an I/O error


@pytest.mark.parametrize("break_file", [remove, fail_with_eio, lambda file: file.write_text("n/a\n")])
def test_failing_counter_is_none_and_recovers(write_files: WriteFiles, break_file: Callable[[Path], object]) -> None:
    root = write_files(counters(0, 0, 0))
    ask = Soctherm(root)
    file = root / f"{HWMON}/hwmon3/oc2_event_cnt"
    break_file(file)
    assert ask() is None
    file.unlink(missing_ok=True)
    file.write_text("1\n")
    assert ask() == Throttling((), ("over-current",))


def test_counters_that_only_root_can_read_are_none(
    write_files: WriteFiles, ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    root = write_files(counters(0, 0, 0))
    (root / f"{HWMON}/hwmon3/oc1_event_cnt").chmod(0o400)
    with ordinary_user():
        assert Soctherm(root)() is None


@pytest.mark.parametrize(
    ("board", "expected"),
    [
        ("pi5", Throttling(("throttled",), ())),
        ("jetson-orin-nano", Throttling((), ())),
        ("jetson-nano", None),
        ("generic-x86", None),
    ],
)
def test_throttling_reader_of_each_board(write_files: WriteFiles, board: str, expected: Throttling | None) -> None:
    root = write_files(counters(0, 0, 0))
    ask = find_throttling_reader(load_profile(board).sensors, root, lambda _: "throttled=0x4\n")
    assert (ask() if ask is not None else None) == expected


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (("under-voltage", "throttled"), WEAK_SUPPLY),
        (("over-current for a moment",), WEAK_SUPPLY),
        (("soft temperature limit",), HOT),
    ],
)
def test_advice_for_each_reason(reasons: tuple[str, ...], expected: str) -> None:
    assert throttling_advice(reasons) == expected
