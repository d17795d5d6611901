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
    advice,
    find_throttling_reader,
    parse_throttling,
    read_throttling,
)
from profiles.profile import load_profile

Plant = Callable[[Mapping[str, str]], Path]
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
def test_throttling_in_plain_words(text: str, expected: Throttling | None) -> None:
    assert parse_throttling(text) == expected


def test_throttling_is_asked_without_a_mask() -> None:
    asked: list[tuple[str, ...]] = []
    assert read_throttling(lambda argv: asked.append(tuple(argv))) is None
    assert asked == [("vcgencmd", "get_throttled")]


def counters(under_voltage: int, average: int, moment: int) -> dict[str, str]:
    """An Orin's, as its driver shows them."""
    counts = {"oc1": under_voltage, "oc2": average, "oc3": moment}
    return {f"{HWMON}/hwmon1/name": "ina3221", f"{HWMON}/hwmon3/name": "soctherm_oc"} | {
        f"{HWMON}/hwmon3/{name}_event_cnt": str(count) for name, count in counts.items()
    }


def test_an_orin_is_held_back_while_its_counters_rise(plant: Plant) -> None:
    ask = Soctherm(plant(counters(0, 0, 27)))
    since = ("over-current for a moment",)
    assert ask() == Throttling((), since), "what was counted before is not now"
    plant(counters(1, 0, 30))
    assert ask() == Throttling(("under-voltage", *since), ("under-voltage", *since))
    assert ask() == Throttling((), ("under-voltage", *since))


def remove(file: Path) -> None:
    file.unlink()


def fail_with_eio(file: Path) -> None:
    file.unlink()
    file.symlink_to("/proc/self/mem")  # reading address 0 is an I/O error


@pytest.mark.parametrize("harm", [remove, fail_with_eio, lambda file: file.write_text("n/a\n")])
def test_a_counter_that_fails_is_none_and_comes_back(plant: Plant, harm: Callable[[Path], object]) -> None:
    root = plant(counters(0, 0, 0))
    ask = Soctherm(root)
    file = root / f"{HWMON}/hwmon3/oc2_event_cnt"
    harm(file)
    assert ask() is None
    file.unlink(missing_ok=True)
    file.write_text("1\n")
    assert ask() == Throttling((), ("over-current",))


def test_counters_for_root_only_are_none(
    plant: Plant, ordinary_user: Callable[[], AbstractContextManager[None]]
) -> None:
    root = plant(counters(0, 0, 0))
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
def test_each_board_is_asked_in_its_own_way(plant: Plant, board: str, expected: Throttling | None) -> None:
    root = plant(counters(0, 0, 0))
    ask = find_throttling_reader(load_profile(board).sensors, root, lambda _: "throttled=0x4\n")
    assert (ask() if ask is not None else None) == expected


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("under-voltage", "throttled"), WEAK_SUPPLY),
        (("over-current for a moment",), WEAK_SUPPLY),
        (("soft temperature limit",), HOT),
    ],
)
def test_what_to_do_is_said_in_plain_words(words: tuple[str, ...], says: str) -> None:
    assert advice(words) == says
