"""Commands as phones send them mean what their writers meant."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.errors import UsageError
from smartspec_rollback.operations.typed import GATE, LIMIT, ROLLBACK, typed

ID = "failed-deployment-id"


@pytest.mark.parametrize(
    "text",
    [
        "--failed-deployment-id deploy-12345",
        "\u2014failed-deployment-id deploy-12345",
        "\u2013failed\u2011deployment\u2011id deploy-12345",
        "\u2013\u2013failed-deployment-id\u00a0deploy-12345",
        "-failed-deployment-id deploy-12345",
        "--failed-deployment-id=deploy-12345",
        "--failed-deployment-id=\u201cdeploy-12345\u201d",
        "--failed-deployment-id \u2018deploy-12345\u2019",
        "--Failed-Deployment-Id `deploy-12345`",
        "\u200b--failed-deployment-id \u202adeploy-12345\u202c",
        "  --failed-deployment-id\n\tdeploy\u201112345 ",
    ],
)
def test_phones_are_understood(text: str) -> None:
    """If it fails, a responder on the road cannot roll back."""
    assert typed(text, ROLLBACK).one(ID) == "deploy-12345"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("--reason p99 is too high", "p99 is too high"),
        ("\u2014reason \u201cp99 is too high\u201d", "p99 is too high"),
        ("--reason 'p99 is too high'", "p99 is too high"),
        ("--reason don't know", "don't know"),
        ("--reason don\u2019t know \u2014dry\u2011run", "don\u2019t know"),
        ('--reason "unclosed words', '"unclosed words'),
        ("--reason='it is down'", "it is down"),
        ('--reason "--dry-run is not meant"', "--dry-run is not meant"),
        ("--reason 50% \u2013 60% fail", "50% \u2013 60% fail"),
    ],
)
def test_reasons_are_kept(text: str, reason: str) -> None:
    """If it fails, the plan shows another reason than the one that was given."""
    assert typed(f"--{ID} deploy-1 {text}", ROLLBACK).one("reason") == reason
    assert typed(f"--{ID} deploy-1 {text}", ROLLBACK).has("dry-run") == ("dry\u2011run" in text)


def test_everything_at_once() -> None:
    """If it fails, a flag is lost when another stands beside it."""
    asked = typed(
        "--dry-run --failed-deployment-id d-1 --target-version v1.2.0 --auto-approve "
        "--override schema-compatible --reason we looked",
        ROLLBACK,
    )
    assert asked.one(ID) == "d-1"
    assert asked.one("target-version") == "v1.2.0"
    assert asked.has("dry-run")
    assert asked.has("auto-approve")
    assert asked.one("override") == "schema-compatible"
    assert asked.one("reason") == "we looked"
    assert typed("deploy-1 ", ROLLBACK).words == ("deploy-1",)
    assert typed("", GATE).words == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("--faild-deployment-id d-1", "--failed-deployment-id"),
        ("\u2014dryrun", "--dry-run"),
        ("--autoapprove", "--auto-approve"),
        ("--zzz", "--reason"),
        ("--break-glass why", "terminal"),
        ("--format json", "terminal"),
        ("--failed-deployment-id", "needs a value"),
        ("--failed-deployment-id --dry-run", "needs a value"),
        ("--dry-run=yes", "takes no value"),
        ("x" * (LIMIT + 1), "characters at most"),
    ],
)
def test_what_is_wrong_is_said(text: str, says: str) -> None:
    """If it fails, a typing mistake is carried out as something else."""
    with pytest.raises(UsageError) as caught:
        typed(text, ROLLBACK)
    assert says in f"{caught.value.what} {caught.value.remedy}"


def test_twice_is_refused() -> None:
    """If it fails, nobody knows which of two versions is meant."""
    with pytest.raises(UsageError, match="2 times"):
        typed("--target-version v1 --target-version v2", ROLLBACK).one("target-version")


@given(st.text(max_size=300))
def test_nothing_breaks_it(text: str) -> None:
    """If it fails, one message in the room ends the desk."""
    with suppress(UsageError):
        assert all(name in ROLLBACK for name, _ in typed(text, ROLLBACK).flags)
