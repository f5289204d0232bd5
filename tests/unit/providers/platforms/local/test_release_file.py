from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartspec_rollback.errors import ConfigurationError, Problem
from smartspec_rollback.providers.platforms.local.release_file import ReleaseFile, load


def loaded(folder: Path, text: str | bytes) -> ReleaseFile:
    """Load a release file with this text."""
    path = folder / "release.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path)


def problem(folder: Path, text: str | bytes) -> Problem:
    """Load a release file that is wrong, and return what is said about it."""
    with pytest.raises(ConfigurationError) as wrong:
        loaded(folder, text)
    assert wrong.value.file == str(folder / "release.yaml")
    return wrong.value.problems[0]


def test_everything_is_read(tmp_path: Path) -> None:
    """A value loses its form: 1.10 becomes 1.1, yes becomes True, 007 becomes 7."""
    told = loaded(
        tmp_path,
        """
command: ["{python}", app.py, --port, 007]
environment: {RATE: 1.10, DEBUG: yes, EMPTY: ""}
secrets: {TOKEN: {file: ../token}}
readiness: {path: /ready, status: 204}
configuration: [/etc/shop.toml]
""",
    )
    assert told.command == ("{python}", "app.py", "--port", "007")
    assert dict(told.environment) == {"RATE": "1.10", "DEBUG": "yes", "EMPTY": ""}
    assert told.secrets["TOKEN"].file == "../token"
    assert (told.readiness.path, told.readiness.status) == ("/ready", 204)
    assert told.configuration == ("/etc/shop.toml",)


@pytest.mark.parametrize(
    ("text", "line", "key", "hint"),
    [
        ("command: [a]\nenviroment: {}", 2, "enviroment", "environment"),
        ("command: [a]\nreadiness:\n  pth: /x", 3, "readiness.pth", "path"),
        ("command: [a]\nreadiness:\n  path: x", 3, "readiness.path", ""),
        ("command: [a]\nreadiness:\n  status: fine", 3, "readiness.status", ""),
        ("command: [a]\ncommand: [b]", 2, "command", ""),
        ("command: []", 1, "command", ""),
        ("command: a\n", 1, "command", ""),
        ("command: [a]\nenvironment:\n  PORT: '1'", 3, "environment.PORT", ""),
        ("command: [a]\nsecrets:\n  SMARTSPEC_X: {file: a}", 3, "secrets.SMARTSPEC_X", ""),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, line: int, key: str, hint: str) -> None:
    """A mistake is not found, or people look for it in the wrong place."""
    found = problem(tmp_path, text)
    assert (found.line, found.key) == (line, key)
    assert hint in found.remedy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "a: &x [1]\nb: *x",
        "command: !!python/object/apply:os.system [id]",
        "command: [a\n",
        b"command: [\xff]",
        "command: [a]\n# " + "x" * 70000,
        "[" * 500,
        'command: ["a\\0b"]',
        "command: [a]\nsecrets: {TOKEN: hunter2}",
        "command: [a]\nenvironment: {A B: c}",
        "command: [a]\nenvironment: {A: b}\nsecrets: {A: {file: c}}",
    ],
)
def test_odd_files_are_refused(tmp_path: Path, text: str | bytes) -> None:
    """A file that is no release file, or a hostile one, is taken for one."""
    assert problem(tmp_path, text).what


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.text("{}[]:,-&*!|>'\"\n ab", max_size=60))
def test_whatever_is_written_is_answered_clearly(tmp_path: Path, text: str) -> None:
    """A strange file ends in a traceback in the middle of an incident."""
    try:
        said: object = loaded(tmp_path, text.encode("utf-8", "replace")).command
    except ConfigurationError as error:
        said = error.problems
    assert said
