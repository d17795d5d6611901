"""Messages wait in the outbox until each outlet has them; real files, and real full and read-only disks."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import msgspec
import pytest

from agent.outlets import outbox as outbox_module
from agent.outlets.message import Kind, Message, MessageMaker
from agent.outlets.outbox import FIRST_IN_MEMORY, Outbox

AT = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)


def numbered(first: int, last: int, kind: Kind = "reading") -> list[Message]:
    maker = MessageMaker("counter-01")
    return [maker.make(kind, AT, {"text": str(number)}) for number in range(first, last + 1)]


def texts(outbox: Outbox, after: int = FIRST_IN_MEMORY) -> list[str]:
    return [str(message.decode()["text"]) for message in outbox.after(after, 100_000)]


@pytest.fixture
def warnings() -> list[str]:
    return []


def test_a_message_has_an_id_a_time_and_the_board() -> None:
    first, second = (msgspec.json.decode(one.body) for one in numbered(1, 2))
    assert first == {"id": first["id"], "time": "2026-11-28T12:00:00.000+00:00", "board": "counter-01", "text": "1"}
    assert first["id"].removesuffix("-1") == second["id"].removesuffix("-2")
    assert numbered(1, 1)[0].body != numbered(1, 1)[0].body, "another run has other ids"


def test_messages_stay_in_order_over_restarts_until_every_outlet_has_them(tmp_path: Path, warnings: list[str]) -> None:
    path = tmp_path / "state" / "outbox.db"
    first = Outbox(path, ["mqtt", "webhook"], warnings.append)
    first.put(numbered(1, 5))
    first.confirm("mqtt", first.after(0, 3)[-1].number)
    first.confirm("webhook", first.after(0, 1)[-1].number)
    first.close()
    second = Outbox(path, ["mqtt", "webhook"], warnings.append)
    second.put(numbered(6, 7))
    assert texts(second) == ["2", "3", "4", "5", "6", "7"], "only what both have is deleted"
    assert texts(second, second.confirmed("mqtt")) == ["4", "5", "6", "7"]
    assert (second.waiting("mqtt"), second.waiting("webhook")) == (4, 6)
    second.close()
    assert warnings == []


def test_an_outlet_that_is_switched_off_keeps_nothing_and_a_new_one_begins_now(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    first = Outbox(path, ["mqtt", "webhook"], print)
    first.put(numbered(1, 3))
    first.close()
    second = Outbox(path, ["webhook"], print)
    assert second.waiting("webhook") == 3
    second.confirm("webhook", second.after(0, 3)[-1].number)
    second.close()
    third = Outbox(path, ["mqtt", "webhook"], print)
    assert texts(third) == []
    third.put(numbered(4, 4))
    assert (third.waiting("mqtt"), third.waiting("webhook")) == (1, 1)
    third.close()


def test_what_an_outlet_sets_aside_holds_nothing_up_and_stays_until_it_has_it(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    first = Outbox(path, ["mqtt", "webhook"], print)
    first.put(numbered(1, 5))
    first.confirm("webhook", 5)
    first.confirm("mqtt", 1)
    assert first.set_aside("mqtt", 2)
    first.confirm("mqtt", 5)
    first.save(now=True)
    assert texts(first) == ["2"]
    assert (first.waiting("mqtt"), first.waiting("webhook")) == (1, 0)
    first.close()
    second = Outbox(path, ["mqtt", "webhook"], print)
    second.put(numbered(6, 6))
    assert (second.aside("mqtt"), second.waiting("mqtt"), second.waiting("webhook")) == ([2], 2, 1)
    assert texts(second, second.confirmed("mqtt")) == ["6"]
    second.confirm("mqtt", 2)
    assert (second.aside("mqtt"), second.waiting("mqtt"), second.message(2)) != ([], 1, None), "not deleted yet"
    second.save(now=True)
    assert (second.aside("mqtt"), second.waiting("mqtt"), second.message(2)) == ([], 1, None)
    second.close()


def test_there_is_room_for_a_number_of_messages_that_are_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "MAX_ASIDE", 2)
    outbox = Outbox(tmp_path / "outbox.db", ["mqtt"], print, max_bytes=4000)
    outbox.put(numbered(1, 3))
    assert [outbox.set_aside("mqtt", number) for number in (1, 2, 3)] == [True, True, False]
    assert (outbox.confirmed("mqtt"), outbox.waiting("mqtt")) == (2, 3)
    outbox.put(numbered(4, 200))
    assert outbox.aside("mqtt") == [], "they are dropped like others"
    assert outbox.waiting("mqtt") == len(texts(outbox)) == 200 - outbox.dropped
    outbox.close()


def test_measures_are_dropped_first_and_readings_last(tmp_path: Path, warnings: list[str]) -> None:
    outbox = Outbox(tmp_path / "outbox.db", ["mqtt"], warnings.append, max_bytes=12_000)
    outbox.put(numbered(1, 50, "measures"))
    outbox.put(numbered(51, 100, "fault"))
    outbox.put(numbered(101, 150))
    kinds = [message.kind for message in outbox.after(0, 1000)]
    assert kinds == ["fault"] * kinds.count("fault") + ["reading"] * 50
    assert "measures" not in kinds
    outbox.put(numbered(151, 400))
    left = texts(outbox)
    assert left == [str(number) for number in range(401 - len(left), 401)], "of readings the newest stay"
    assert outbox.dropped == 400 - len(left)
    assert warnings == [
        f"the outbox {tmp_path}/outbox.db is full (0 MiB): the oldest messages are dropped, measures first and "
        "readings last; make the broker or the web service reachable again"
    ]
    outbox.close()
    assert (tmp_path / "outbox.db").stat().st_size < 100_000


def test_the_file_does_not_grow_while_messages_come_and_go(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", ["mqtt"], print, clock_s=iter(range(10**6)).__next__)
    for turn in range(200):
        outbox.put(numbered(turn, turn + 20))
        outbox.confirm("mqtt", outbox.after(outbox.confirmed("mqtt"), 1000)[-1].number)
        outbox.save()
    outbox.close()
    assert (tmp_path / "outbox.db").stat().st_size < 100_000


@pytest.mark.parametrize("how", ["directory", "no folder", "locked"])
def test_without_a_file_messages_wait_in_memory_and_it_is_said_once(
    tmp_path: Path, warnings: list[str], how: str
) -> None:
    path = tmp_path / "outbox.db"
    other = None
    if how == "directory":
        path.mkdir()
    elif how == "no folder":
        (tmp_path / "file").touch()
        path = tmp_path / "file" / "outbox.db"
    else:
        other = Outbox(path, ["mqtt"], print)
    outbox = Outbox(path, ["mqtt"], warnings.append)
    for number in range(3):
        outbox.put(numbered(number, number))
    assert texts(outbox) == ["0", "1", "2"]
    assert outbox.in_memory
    outbox.close()
    assert len(warnings) == 1
    assert warnings[0].startswith(f"the outbox {path} cannot be written (")
    if other is not None:
        other.close()


def test_a_damaged_file_is_moved_aside(tmp_path: Path, warnings: list[str]) -> None:
    path = tmp_path / "outbox.db"
    path.write_bytes(os.urandom(8192))
    outbox = Outbox(path, ["mqtt"], warnings.append)
    outbox.put(numbered(1, 1))
    outbox.close()
    assert (tmp_path / "outbox.db.damaged").exists()
    assert len(warnings) == 1
    assert "is damaged (file is not a database): it is kept as outbox.db.damaged" in warnings[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk")
def test_a_full_disk_loses_nothing_and_the_outbox_returns_to_it(
    tmp_path: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "RETRY_S", 0.0)
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "none", disk], check=False, capture_output=True
    ).returncode:
        pytest.skip("this machine mounts no disk")
    try:
        outbox = Outbox(disk / "outbox.db", ["mqtt"], warnings.append, max_bytes=2**30)
        last = 0
        while not outbox.in_memory:
            outbox.put(numbered(last + 1, last + 10))
            last += 10
        assert "cannot be written (database or disk is full)" in warnings[0]
        outbox.put(numbered(last + 1, last + 10))
        assert texts(outbox) == [str(number) for number in range(1, last + 11)], "in order over disk and memory"
        outbox.confirm("mqtt", outbox.after(0, last)[-1].number)
        subprocess.run(["mount", "-o", "remount,size=900k", disk], check=True)
        outbox.put(numbered(last + 11, last + 11))
        assert warnings[1:] == [f"the outbox {disk}/outbox.db can be written again"]
        outbox.close()
        again = Outbox(disk / "outbox.db", ["mqtt"], warnings.append)
        assert texts(again) == [str(number) for number in range(last + 1, last + 12)]
        again.close()
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a disk")
def test_a_card_that_turns_read_only_loses_nothing(tmp_path: Path, warnings: list[str]) -> None:
    """As a worn SD card does: the kernel finds an error and writes no more, while the file is open."""
    image, card = tmp_path / "card.img", tmp_path / "card"
    card.mkdir()
    with image.open("wb") as file:
        file.truncate(4 * 2**20)
    for command in (["mkfs.ext4", "-q", str(image)], ["mount", "-o", "loop", str(image), str(card)]):
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("this machine mounts no disk")
    try:
        outbox = Outbox(card / "outbox.db", ["mqtt"], warnings.append, max_bytes=2**20)
        outbox.put(numbered(1, 50))
        outbox.save(now=True)
        subprocess.run(["mount", "-o", "remount,abort", card], check=True)
        for number in range(51, 61):
            outbox.put(numbered(number, number))
        assert texts(outbox) == [str(number) for number in range(1, 61)], "in order over disk and memory"
        assert outbox.in_memory
        outbox.confirm("mqtt", outbox.after(0, 55)[-1].number)
        outbox.save(now=True)
        assert outbox.waiting("mqtt") == 5
        outbox.close()
        assert len(warnings) == 1
        assert warnings[0].startswith(f"the outbox {card}/outbox.db cannot be written (")
    finally:
        subprocess.run(["umount", card], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a disk")
def test_a_card_that_is_read_only_at_the_start_keeps_what_waited_on_it(
    tmp_path: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = tmp_path / "card"
    card.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", card], check=False, capture_output=True).returncode:
        pytest.skip("this machine mounts no disk")
    try:
        first = Outbox(card / "outbox.db", ["mqtt"], warnings.append)
        first.put(numbered(1, 3))
        first.close()
        subprocess.run(["mount", "-o", "remount,ro", card], check=True)
        second = Outbox(card / "outbox.db", ["mqtt"], warnings.append)
        second.put(numbered(4, 5))
        assert texts(second) == ["4", "5"]
        assert len(warnings) == 1
        assert warnings[0].startswith(f"the outbox {card}/outbox.db cannot be written (")
        subprocess.run(["mount", "-o", "remount,rw", card], check=True)
        monkeypatch.setattr(second, "_reopen_s", 0.0)
        second.put(numbered(6, 6))
        second.close()
        third = Outbox(card / "outbox.db", ["mqtt"], warnings.append)
        assert texts(third) == ["1", "2", "3", "4", "5", "6"]
        third.close()
    finally:
        subprocess.run(["umount", card], check=True)


@pytest.mark.parametrize("is_delivered", [False, True])
def test_a_file_that_comes_back_gets_what_waited_in_memory(
    tmp_path: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch, *, is_delivered: bool
) -> None:
    """Another agent uses the file until it ends; then messages of both are in it, the older ones first."""
    monkeypatch.setattr(outbox_module, "RETRY_S", 0.0)
    path = tmp_path / "outbox.db"
    other = Outbox(path, ["mqtt", "webhook"], print)
    other.put(numbered(1, 3))
    other.confirm("webhook", 3)
    if is_delivered:
        other.confirm("mqtt", 3)
    outbox = Outbox(path, ["mqtt", "webhook"], warnings.append)
    outbox.put(numbered(4, 6))
    numbers = [message.number for message in outbox.after(outbox.confirmed("mqtt"), 10)]
    outbox.confirm("mqtt", numbers[1])
    outbox.set_aside("webhook", numbers[0])
    outbox.confirm("webhook", numbers[2])
    other.close()
    outbox.put(numbered(7, 7))
    outbox.confirm("mqtt", numbers[2])
    assert outbox.set_aside("mqtt", numbers[2]), "an old number changes nothing"
    assert not outbox.in_memory
    outbox.close()
    again = Outbox(path, ["mqtt", "webhook"], warnings.append)
    waiting = [texts(again, again.confirmed(name)) for name in ("mqtt", "webhook")]
    # For the one that has not everything of the file, what it had from memory comes twice.
    assert waiting == [["6", "7"] if is_delivered else ["1", "2", "3", "4", "6", "7"], ["4", "6", "7"]]
    assert [again.waiting(name) for name in ("mqtt", "webhook")] == [len(one) for one in waiting]
    again.close()
    assert warnings[1:] == [f"the outbox {path} can be written again"]


CHILD = """
import sys
from pathlib import Path
from agent.outlets.outbox import Outbox
from tests.agent.outlets.test_outbox import numbered
outbox = Outbox(Path(sys.argv[1]), ["mqtt"], print)
number = int(sys.argv[2])
while True:
    outbox.put(numbered(number, number))
    print(number, flush=True)
    number += 1
"""


@pytest.mark.slow
def test_what_was_put_survives_a_kill(tmp_path: Path) -> None:
    path, last = tmp_path / "outbox.db", 0
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(last + 1)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        for _ in range(20):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        shown = [int(line) for line in child.communicate()[0].split()]
        outbox = Outbox(path, ["mqtt"], print)
        found = [int(text) for text in texts(outbox)]
        outbox.close()
        assert found == list(range(1, len(found) + 1))
        assert not shown or found[-1] >= shown[-1]
        last = found[-1]


def test_a_number_is_never_used_twice(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    for turn in range(3):
        outbox = Outbox(path, ["mqtt"], print)
        outbox.put(numbered(1, 2))
        numbers = [message.number for message in outbox.after(0, 10)]
        assert numbers == [2 * turn + 1, 2 * turn + 2]
        outbox.confirm("mqtt", numbers[-1])
        outbox.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT name, confirmed FROM outlets").fetchall() == [("mqtt", 6)]
