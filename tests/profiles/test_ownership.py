from __future__ import annotations

import os
from pathlib import Path

import pytest

from profiles.ownership import changeable_by_others

ME = frozenset({0, os.geteuid()})


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return a program in a folder: `outer/inner/program`."""
    path = tmp_path / "outer/inner/program"
    path.parent.mkdir(parents=True, mode=0o755)
    path.touch(0o755)
    for part in (path, path.parent, path.parents[1]):
        part.chmod(0o755)
    return path


def test_what_only_trusted_users_can_change_is_accepted(program: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("outer/inner")
    for path in (program, link / "program"):
        assert changeable_by_others(path, ME) is None
    (tmp_path / "outer").chmod(0o1777)  # sticky, as /tmp
    assert changeable_by_others(program, ME) is None


@pytest.mark.parametrize("part", ["outer/inner/program", "outer/inner", "outer"])
@pytest.mark.parametrize("mode", [0o757, 0o777])
def test_a_part_that_all_can_write_to_is_found(part: str, mode: int, program: Path, tmp_path: Path) -> None:
    (tmp_path / part).chmod(mode)
    assert changeable_by_others(program, ME) == tmp_path / part


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("part", ["outer/inner/program", "outer/inner", "outer"])
@pytest.mark.parametrize(("owner", "mode"), [((65534, 0), 0o755), ((0, 65534), 0o775)])
def test_a_part_of_another_user_or_group_is_found(
    part: str, owner: tuple[int, int], mode: int, program: Path, tmp_path: Path
) -> None:
    os.chown(tmp_path / part, *owner)
    (tmp_path / part).chmod(mode)
    assert changeable_by_others(program) == tmp_path / part


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link away")
def test_the_way_through_links_is_followed(program: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o755)
    (theirs / "hop").symlink_to("../outer/inner/program")
    link = tmp_path / "link"
    link.symlink_to(theirs / "hop")
    assert changeable_by_others(link) is None
    os.chown(theirs / "hop", 65534, -1, follow_symlinks=False)
    assert changeable_by_others(link) == theirs / "hop"
    os.chown(theirs, 65534, -1)
    assert changeable_by_others(link) == theirs


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        changeable_by_others(tmp_path / "missing", ME)
