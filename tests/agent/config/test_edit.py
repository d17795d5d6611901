"""Options of a configuration file are changed, and everything else in it stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config.document import parse
from agent.config.edit import OptionValue, with_options
from agent.config.example import example


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("", {"flip": True}, "flip = true\n"),
        ("# mine\n\n", {"rotate": 90}, "# mine\nrotate = 90\n"),
        ("flip = true # why\nroi = '0,0,9,9'", {"flip": False}, "flip = false\nroi = '0,0,9,9'\n"),
        ("flip = true\nrotate = 90\n", {"flip": None}, "rotate = 90\n"),
        ("flip = true\n", {"roi": None}, "flip = true\n"),
        ('control = """\na=1"""\nflip = true\n', {"control": "b=2"}, 'control = "b=2"\nflip = true\n'),
        ('"roi" = "0,0,9,9"\r\n# end\r\n', {"roi": "1,1,9,9"}, 'roi = "1,1,9,9"\n# end\n'),
        ("", {"source": 'a"b\\c\nd'}, 'source = "a\\"b\\\\c\\nd"\n'),
        ("\ufeffflip = true\n", {"every": 2.5}, "flip = true\nevery = 2.5\n"),
    ],
)
def test_only_the_wanted_options_change(before: str, changes: dict[str, OptionValue | None], after: str) -> None:
    assert with_options(before, changes) == after


@pytest.mark.parametrize(
    "source", ["demo:", 'quote " and \\', "tab\tline\n", "ümläut 数字 🎥", "# no comment", "a = 1"]
)
def test_each_text_comes_back_as_it_was(source: str) -> None:
    text = with_options(with_options(example(), {"source": source, "flip": True}), {"flip": None})
    document = parse(text.encode(), Path("/"))
    assert (document.problems, document.config.source, document.config.flip) == ((), source, None)
    assert text.startswith(example().rstrip("\n"))
