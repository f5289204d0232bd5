"""Every error becomes words and the right exit code, in one place."""

import json

import click
import pytest

from smartspec_rollback.cli.exits import execute
from smartspec_rollback.cli.options import pass_session, talks
from smartspec_rollback.cli.session import Session
from smartspec_rollback.cli.stop import Interrupted, Stage
from smartspec_rollback.errors import (
    AnotherRunning,
    JournalLost,
    ProviderError,
    Refused,
    SmartSpecError,
    StoreError,
    UsageError,
)

ERRORS: dict[type[BaseException], tuple[int, int]] = {
    SmartSpecError: (1, 4),
    UsageError: (2, 2),
    Refused: (3, 3),
    AnotherRunning: (3, 3),
    ProviderError: (4, 4),
    StoreError: (4, 4),
    JournalLost: (5, 4),
    ZeroDivisionError: (1, 4),
    MemoryError: (1, 4),
    KeyboardInterrupt: (130, 3),
}
"""What may be raised → the exit code, and the quality gate's."""


def _command(error: BaseException, *, judges: bool) -> click.Command:
    @click.command()
    @talks
    @pass_session
    def fails(session: Session) -> None:
        session.judges = judges
        raise error

    return fails


@pytest.mark.parametrize("kind", ERRORS)
def test_codes(kind: type[BaseException], capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, a script could not tell whether production was touched."""
    for judges, code in zip((False, True), ERRORS[kind], strict=True):
        assert execute(_command(kind("what"), judges=judges), "test", []) == code
        out, err = capsys.readouterr()
        assert out == ""
        assert err.lstrip().startswith("error: ")
        assert "Traceback" not in err
        assert execute(_command(kind("what"), judges=judges), "test", ["--format=json"]) == code
        assert json.loads(capsys.readouterr().out)["exit_code"] == code


@pytest.mark.parametrize(
    ("stage", "code"), [(Stage.LEAVE, 130), (Stage.ASK, 130), (Stage.FINISH, 5)]
)
def test_leaving(stage: Stage, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, leaving while steps run would look like leaving before them."""
    assert execute(_command(Interrupted(stage), judges=False), "test", []) == code
    assert "on request" in capsys.readouterr().err


@pytest.mark.parametrize(("stage", "code"), [(Stage.LEAVE, 130), (Stage.ASK, 6), (Stage.FINISH, 5)])
def test_leaving_a_server(stage: Stage, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, leaving would read as if the server had stopped too."""

    @click.command()
    @talks
    @pass_session
    def command(session: Session) -> int:
        session.server = "https://rollback.example.org"
        raise Interrupted(stage)

    assert execute(command, "test", []) == code
    assert "on request" in capsys.readouterr().err


def test_details_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, a refusal would not say which candidates were passed over and why."""
    error = Refused("no known good", details=["v1 (d1): its artifact is gone"])
    execute(_command(error, judges=False), "test", [])
    assert "v1 (d1): its artifact is gone" in capsys.readouterr().err
    execute(_command(error, judges=False), "test", ["--format", "json"])
    assert "v1 (d1): its artifact is gone" in capsys.readouterr().out


def test_results_are_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """If this failed, a command's own code would be lost."""

    @click.command()
    @pass_session
    def seven(session: Session) -> int:
        session.output.result("applied\n")
        return 7

    assert execute(seven, "test", []) == 7
    assert capsys.readouterr().out == "applied\n"
