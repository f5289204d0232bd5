"""The section ``server``: what it means, and what it refuses."""

from pathlib import Path

import pytest
from tests.unit.config.fakes import FULL, environment, load_text, only

from smartspec_rollback.domain.access import Grant, Role

PEOPLE = "people: {alice: {os: alice}, bob: {os: bob}}\n"


def test_a_whole_section_is_read(tmp_path: Path) -> None:
    """Whoever may come in, and by which door, is what was written."""
    server = load_text(FULL, tmp_path).server
    assert server.url == "https://rollback.example.org"
    assert server.tls == (tmp_path / "tls/server.pem", tmp_path / "tls/server.key")
    assert server.trusted_proxies == ("10.0.0.0/8",)
    assert server.oidc is not None
    assert server.oidc.issuer == "https://login.example.org"
    assert (server.session, server.confirm_within) == (43200.0, 300.0)
    assert server.grants == (
        Grant(role=Role.APPROVER, people=("alice",), groups=("sre",), services=("checkout",)),
    )


def test_without_roles_everybody_known_operates_and_approves(tmp_path: Path) -> None:
    """A first configuration works for the people in it, and for nobody else."""
    assert load_text(environment(more=PEOPLE), tmp_path).grants == (
        Grant(role=Role.OPERATOR, people=("alice", "bob")),
        Grant(role=Role.APPROVER, people=("alice", "bob")),
    )


@pytest.mark.parametrize(("said", "meant"), [("2m", 120.0), ("10s", 10.0), ("0s", None)])
def test_how_often_readiness_is_looked_at(said: str, meant: float | None, tmp_path: Path) -> None:
    """A server that was told never to look looks all the time, or the other way round."""
    read = load_text(environment(more=f"server: {{readiness: {said}}}\n"), tmp_path)
    assert read.server.readiness == meant


@pytest.mark.parametrize(
    ("server", "what"),
    [
        ("{roles: [{role: approver}]}", "nobody has this role; name `people` or `groups`"),
        ("{roles: [{role: boss, groups: [a]}]}", "'boss' is not one of: viewer"),
        ("{roles: [{role: viewer, people: [alicia]}]}", "no person 'alicia' in this file"),
        (
            "{roles: [{role: viewer, groups: [a], services: [chekout]}]}",
            "no service 'chekout' in this file",
        ),
        (
            "{roles: [{role: viewer, groups: [a], environments: [prod]}]}",
            "no environment 'prod' in this file",
        ),
        ("{url: rollback.example.org}", "'rollback.example.org' does not have the right form"),
        ("{url: 'https://example.org/rollback'}", "does not have the right form"),
        ("{url: 'https://example.org/'}", "does not have the right form"),
        ("{trusted_proxies: [everybody]}", "'everybody' is no address and no network"),
        ("{session: 0s}", "must be more than 0s"),
        ("{readiness: 1s}", "readiness: not oftener than every 10s"),
        ("{password: hunter2}", "unknown key 'password'"),
    ],
)
def test_what_cannot_be_meant_is_refused(server: str, what: str, tmp_path: Path) -> None:
    """A role that leads nowhere would leave people without the access they count on."""
    problem = only(environment(more=f"{PEOPLE}server: {server}\n"), tmp_path)
    assert what in problem.what
