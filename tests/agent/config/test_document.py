from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config.document import NAMES, Document, parse
from agent.config.options import Config

FOLDER = Path("/etc/digit-agent")


def read(text: str) -> Document:
    return parse(text.encode(), FOLDER)


def test_every_option_can_be_set() -> None:
    document = read("""
        camera = "0"
        artifacts = "/data/artifacts"
        json = true
        no-dashboard = false
        log = "agent.db"
        frames = 3
        seconds = 5
        width = 1280
        height = 720
    """)
    assert document.problems == ()
    assert document.config == Config(
        camera="0",
        artifacts=Path("/data/artifacts"),
        json=True,
        no_dashboard=False,
        log=FOLDER / "agent.db",
        frames=3,
        seconds=5.0,
        width=1280,
        height=720,
    )
    assert document.lines["camera"] == 2
    assert document.lines["no_dashboard"] == 5


def test_a_tilde_stands_for_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    document = read('source = "~/page.jpg"\nlog = "~/a.db"\nartifacts = "~/b"')
    home = Path("/home/ada")
    assert document.config == Config(source=f"{home}/page.jpg", log=home / "a.db", artifacts=home / "b")


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ('width = "wide"', 1, "width must be a whole number from 1 to 16384, such as 1280, not text in quotes"),
        ("every = -1", 1, "every must be a number from 0 to 86400, such as 5.0"),
        ("every = nan", 1, "every must be a number from 0 to 86400, such as 5.0"),
        ("width = 0", 1, "width must be a whole number from 1 to 16384, such as 1280"),
        ("width = 0xffffffffffffffffffffffffffff", 1, "width must be a whole number from 1 to 16384, such as 1280"),
        ("seconds = nan", 1, "seconds must be a number from 0, such as 3600.0"),
        ("\n\njson = 1", 3, "json must be true or false, not a whole number"),
        ("source = 0", 1, 'source must be text in quotes, such as "csi://0", not a whole number'),
        (
            "log = 1979-05-27",
            1,
            'log must be a path in quotes, such as "/run/digit-agent/agent.db", not a date or time',
        ),
        ('log = ""', 1, 'log must be a path in quotes, such as "/run/digit-agent/agent.db"'),
        (r'source = "a\u0000"', 1, 'source must be text in quotes, such as "csi://0"'),
        ("# a note\nwidht = 3", 2, "there is no option 'widht'; did you mean width?"),
        ("No_Dashboard = true", 1, "there is no option 'No_Dashboard'; did you mean no-dashboard?"),
        ("colour = 3", 1, "there is no option 'colour'; choose one of artifacts, board-name, camera, "),
        ("[run]\nwidth = 3", 1, "'run' is a table, but options are not in tables; "),
        ("\nwidth.px = 3", 2, "width must be a whole number from 1 to 16384, such as 1280, not a table"),
        ('camera = "0"\nwidth = 9\nsource = "1"', 3, "camera and source both name a source (see line 1); keep one"),
        ('log = "x"\nno-log = true', 2, "log and no-log contradict each other (see line 1); keep one of them"),
        (
            "width = 1\nwidth = 2\n",
            2,
            "the file is not valid TOML (Cannot overwrite a value); write name = value, with text",
        ),
        ("width = 1\nsource = csi://0\nheight = 2", 2, "the file is not valid TOML (Invalid value); "),
        ("source = [\n1,\n", 2, "the file is not valid TOML ("),
        ("width = " + "[" * 5000, 1, "the file is not valid TOML ("),
        (
            "width = " + "1" * 5000,
            1,
            "the file is not valid TOML (Exceeds the limit (4300",
        ),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_the_expected_value(text: str, line: int, expected: str) -> None:
    (problem,) = read(text).problems
    assert problem.line == line
    assert problem.text.startswith(expected)
    assert "\n" not in problem.text


def test_all_mistakes_are_reported_in_the_order_of_their_lines() -> None:
    document = read('no-log = 1\nwidht = 1\nheight = "\\n"\nwidth = 2\n')
    assert [problem.line for problem in document.problems] == [1, 2, 3]
    assert document.config == Config(width=2)


def test_the_line_of_a_mistake_is_the_first_of_its_statement() -> None:
    document = read('frames = 1\nseconds = """\nwidth = 1\n[height]\n"""\nsource = [\n  1,\n[2]]\n"wi\\u0064th" = "x"')
    assert [(problem.line, problem.text.split()[0]) for problem in document.problems] == [
        (2, "seconds"),
        (6, "source"),
        (9, "width"),
    ]


def test_line_ends_and_the_byte_order_mark_of_windows_are_accepted() -> None:
    assert parse("width = 3\r\nheight = 4\r\n".encode("utf-8-sig"), FOLDER).config == Config(width=3, height=4)


def test_bytes_that_are_not_utf_8_are_reported_with_their_line() -> None:
    (problem,) = parse(b'width = 3\nsource = "\xff"\n', FOLDER).problems
    assert (problem.line, problem.text) == (2, "the file is not UTF-8 text; save it as UTF-8")


KEYS = st.sampled_from([*NAMES, "widht", "run", "a.b", '"quoted key"', "''", "source "])
VALUES = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.text(max_size=12).map(lambda text: f'"{text}"'),
    st.sampled_from(
        ["true", "false", "inf", "nan", "[]", "[1, 'x']", "{a = 1}", "1979-05-27T07:32:00Z", "'demo:'", ""]
    ),
    st.sampled_from(['"""\n\n"""', "[\n1,\n]", '"\\u0000"', "0x" + "f" * 5000, "{", "=", "1 # one"]),
)
LINES = st.one_of(
    st.builds("{} = {}".format, KEYS, VALUES),
    st.sampled_from(["", "# a note", "[table]", "[[tables]]", "\x00", "\r", "width"]),
    st.text(max_size=20),
)
FILES = st.one_of(
    st.lists(LINES, max_size=8).map(lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass")),
    st.binary(max_size=60),
)


@pytest.mark.slow
@settings(max_examples=1000)
@given(FILES)
def test_any_file_is_parsed_and_every_problem_has_a_line(content: bytes) -> None:
    document = parse(content, FOLDER)
    count = content.count(b"\n") + 1
    assert all(1 <= problem.line <= count and problem.text.isprintable() for problem in document.problems)
    assert all(1 <= line <= count for line in document.lines.values())
    assert set(document.lines) == {name for name, value in vars(document.config).items() if value is not None}


@pytest.mark.slow
@settings(max_examples=100)
@given(st.lists(LINES, max_size=4), st.integers(1, 16384))
def test_the_line_of_an_option_does_not_depend_on_other_lines(before: list[str], width: int) -> None:
    text = "\n".join([*before, f"width = {width}"])
    document = parse(text.encode("utf-8", "surrogatepass"), FOLDER)
    if document.config.width is not None and "width" not in "".join(before):
        assert document.lines["width"] == text.count("\n") + 1
