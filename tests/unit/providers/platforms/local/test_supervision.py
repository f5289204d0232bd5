from configparser import RawConfigParser
from pathlib import Path

import pytest

from smartspec_rollback.errors import NotDone, ProviderUnavailable
from smartspec_rollback.providers.platforms.local.supervision import (
    Supervisord,
    group_file,
    main_file,
)


def read(content: bytes) -> RawConfigParser:
    """Read a file as supervisor does."""
    parser = RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    parser.read_string(content.decode())
    return parser


def test_group_starts_launch_files_only() -> None:
    """What a release is told stands in supervisor's configuration, or breaks it."""
    parser = read(
        group_file("r1-a", programs=("r1-a-1", "r1-a-2"), launches=Path("/l"), logs=Path("/x"))
    )
    assert parser.get("group:r1-a", "programs") == "r1-a-1,r1-a-2"
    command = parser.get("program:r1-a-2", "command")
    assert command.endswith("launcher.py /l/r1-a-2.json")
    assert " -I -S " in command


def test_odd_paths_are_kept_whole() -> None:
    """A path with a percent sign or a space is read as another one."""
    odd = Path("/a b/100%")
    parser = read(main_file(odd, logs=odd, socket=Path("/s")))
    assert parser.get("supervisord", "childlogdir") % {} == str(odd)
    command = read(group_file("g", programs=("p",), launches=odd, logs=odd))
    assert "'/a b/100%%/p.json'" in command.get("program:p", "command")


@pytest.mark.parametrize("path", ["/a\n[program:evil]\ncommand=id", "/a ;b", "/a #b", "/a\rb"])
def test_paths_that_break_the_file_are_refused(path: str) -> None:
    """A folder's name adds a program of its own to supervisor's configuration."""
    with pytest.raises(NotDone, match="cannot be told"):
        main_file(Path(path), logs=Path("/x"), socket=Path("/s"))


def test_nobody_there(tmp_path: Path) -> None:
    """A dead supervisor ends in a traceback instead of what to do."""
    nobody = Supervisord(tmp_path / "none.sock")
    assert not nobody.answers
    with pytest.raises(ProviderUnavailable) as refused:
        nobody.programs()
    assert "smartspec local up" in refused.value.remedy
