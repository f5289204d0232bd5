"""What the doctor says of the ways in to a server."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.acceptance.commands import CONFIGURATION
from tests.unit.server.auth.certificates import certificate

from smartspec_rollback.cli.diagnosis_server import look
from smartspec_rollback.domain.finding import Outcome
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.testing.openid import CLIENT, OpenIdProvider, serving
from smartspec_rollback.wiring import Surroundings, Workspace, open_workspace


class Shifted(SystemClock):
    """The machine's clock, some days on."""

    def __init__(self, days: int) -> None:
        self._by = timedelta(days=days)

    def now(self) -> datetime:
        """Tell the wall time."""
        return super().now() + self._by


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    """Serve a provider."""
    with serving(OpenIdProvider(SystemClock(), algorithm="ES256")) as running:
        yield running


def workspace(folder: Path, server: str) -> Workspace:
    """Open a configuration whose section ``server`` says this."""
    (folder / "smartspec.yaml").write_text(f"{CONFIGURATION}server: {{{server}}}\n")
    (folder / "secret").write_text(CLIENT[1])
    return open_workspace(folder / "smartspec.yaml", Surroundings())


def oidc(issuer: str) -> str:
    """Name a provider, as people write it."""
    return f"oidc: {{issuer: '{issuer}', client_id: smartspec, client_secret: {{file: secret}}}}"


def test_where_no_server_is_meant_nothing_is_said(tmp_path: Path) -> None:
    """Whoever uses the commands alone must not be told to install a server."""
    assert list(look(workspace(tmp_path, "session: 1h"))) == []


def test_a_provider_that_answers(tmp_path: Path, provider: OpenIdProvider) -> None:
    """Somebody learns at the first login, in an incident, that nobody can log in."""
    provider.says_when = True
    found = list(look(workspace(tmp_path, oidc(provider.issuer))))
    assert [each[0] for each in found] == [Outcome.PASSED]
    provider.says_when = False
    found = list(look(workspace(tmp_path, oidc(provider.issuer))))
    assert [each[0] for each in found] == [Outcome.PASSED, Outcome.ATTENTION]
    assert "auth_time" in found[1][2]


def test_a_provider_that_does_not(tmp_path: Path, provider: OpenIdProvider) -> None:
    """A provider that is away, or another one, is shown as working."""
    gone = list(look(workspace(tmp_path, oidc("http://127.0.0.1:1"))))
    assert [each[0] for each in gone] == [Outcome.BLOCKING]
    other = list(look(workspace(tmp_path, oidc(provider.issuer.replace("127.0.0.1", "localhost")))))
    assert [each[0] for each in other] == [Outcome.BLOCKING]
    assert "another issuer" in other[0][2]
    made = workspace(tmp_path, oidc(provider.issuer))
    (tmp_path / "secret").unlink()
    unset = list(look(made))
    assert [each[:2] for each in unset] == [(Outcome.BLOCKING, "server.oidc.client_secret")]


@pytest.mark.parametrize(
    ("days", "outcome"),
    [(-20, Outcome.PASSED), (0, Outcome.ATTENTION), (2, Outcome.BLOCKING)],
)
def test_a_certificate_before_and_after_its_end(
    tmp_path: Path, days: int, outcome: Outcome
) -> None:
    """A certificate runs out in the night in which somebody has to roll back."""
    certificate(tmp_path, "here")
    made = workspace(tmp_path, "tls: {certificate: here.pem, key: here.key}")
    assert [each[0] for each in look(replace(made, clock=Shifted(days)))] == [outcome]


def test_a_certificate_that_is_not_there(tmp_path: Path) -> None:
    """A path that leads nowhere is shown as working."""
    found = list(look(workspace(tmp_path, "tls: {certificate: a.pem, key: a.key}")))
    assert {each[:2] for each in found} == {
        (Outcome.BLOCKING, "server.tls.certificate"),
        (Outcome.BLOCKING, "server.tls.key"),
    }
