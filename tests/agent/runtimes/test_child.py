from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from agent.runtimes.child import Ending, outlive, run_child


def python(program: str) -> tuple[str, ...]:
    return sys.executable, "-c", program


SAY_BEGIN_2 = "print('{\"begin\": 2}', flush=True); "


@pytest.mark.parametrize(
    ("program", "death"),
    [
        ("", ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "illegal instruction (SIGILL)"),
        ("import ctypes; ctypes.string_at(0)", "a crash (SIGSEGV)"),
        ("import os; os.abort()", "an abort (SIGABRT)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "want of memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGUSR1)", "died of SIGUSR1"),
        ("import time; time.sleep(60)", "no answer within 1 s"),
        ("import no_such_runtime", "No module named 'no_such_runtime'"),
        ("import sys; sys.exit('first line\\nlast line')", "last line"),
        ("import sys; sys.exit(3)", "ended with code 3"),
    ],
)
def test_a_childs_end_is_told_in_words(program: str, death: str) -> None:
    ending = run_child(python(SAY_BEGIN_2 + program), b"", timeout_s=1 if "sleep" in program else 30)
    assert death in ending.death
    assert bool(ending.death) == bool(death)
    assert ending.begun == 2


def test_who_waits_hears_what_is_being_tried() -> None:
    heard: list[tuple[int | None, float]] = []
    program = f"{SAY_BEGIN_2} import time; time.sleep(60)"
    ending = run_child(python(program), b"", 4.0, lambda number, seconds: heard.append((number, seconds)))
    assert "no answer within 4 s" in ending.death
    assert heard[-1][0] == ending.begun == 2
    assert all(0 < seconds < 30 for _, seconds in heard)


def test_only_whole_lines_of_json_are_heard() -> None:
    program = """print('INFO: noise'); print('{"begin": 0}'); print('{"seconds": 1.5}'); print('{"begin": 1', end='')"""
    assert run_child(python(program), b"", 30).said == ({"begin": 0}, {"seconds": 1.5})


def test_a_child_gets_the_request_and_our_packages() -> None:
    program = "import sys, json, agent; print(json.dumps({'got': sys.stdin.read(), 'agent': agent.__file__}))"
    import agent

    assert run_child(python(program), b"a request", 30).said == ({"got": "a request", "agent": agent.__file__},)


@pytest.mark.parametrize(
    ("items", "alive", "dead"),
    [
        ("abc", "abc", ""),
        ("aXc", "ac", "X"),
        ("XbX", "b", "XX"),
        ("XX", "", "XX"),
    ],
)
def test_the_item_that_kills_a_child_is_left_out(items: str, alive: str, dead: str) -> None:
    def run(left: Sequence[str]) -> Ending:
        text = "".join(left)
        begun = text.find("X") if "X" in text else len(text) - 1
        return Ending(tuple({"begin": i} for i in range(begun + 1)), "died of X" if "X" in text else "")

    _, left, killed = outlive(list(items), run)
    assert left == list(alive)
    assert killed == [(item, "died of X") for item in dead]


def test_a_child_that_dies_before_it_begins_takes_all_items_along() -> None:
    _, left, dead = outlive(["a", "b"], lambda _: Ending((), "died at once"))
    assert (left, dead) == ([], [("a", "died at once"), ("b", "died at once")])


def test_a_child_that_starts_slowly_gets_the_whole_of_a_long_request() -> None:
    program = "import sys, time; time.sleep(1.5); print('{\"bytes\": %d}' % len(sys.stdin.buffer.read()))"
    assert run_child(python(program), bytes(1_000_000), 20).said == ({"bytes": 1_000_000},)


def test_a_child_that_ends_unasked_takes_nothing_down() -> None:
    assert run_child(python("print('{}')"), bytes(1_000_000), 20) == Ending(({},), "")
