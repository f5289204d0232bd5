"""Where a server may listen: nowhere that others reach without logins and TLS."""

from pathlib import Path

import pytest
from tests.unit.server.auth.certificates import certificate

from smartspec_rollback.config.model import Configuration, Oidc, ServerConfiguration
from smartspec_rollback.config.secrets import Declaration, FileSecret
from smartspec_rollback.errors import ConfigurationError
from smartspec_rollback.server.auth import Listening, listening

URL = "https://rollback.example.org"


def listen(
    server: ServerConfiguration, host: str, folder: Path, *, has_token: bool = False
) -> Listening:
    """Ask whether a server may listen there."""
    configuration = Configuration(path=folder / "smartspec.yaml", targets=(), server=server)
    return listening(configuration, host, 8080, has_token=lambda: has_token)


def problems(
    server: ServerConfiguration, host: str, folder: Path, *, has_token: bool = False
) -> dict[str, str]:
    """Return what is wrong, by key."""
    with pytest.raises(ConfigurationError) as caught:
        listen(server, host, folder, has_token=has_token)
    assert all(problem.remedy for problem in caught.value.problems)
    return {problem.key: problem.what for problem in caught.value.problems}


def oidc(folder: Path, *, issuer: str = "https://login.example.org") -> Oidc:
    """Name a provider, whose secret lies in a file."""
    (folder / "secret").write_text("x")
    declared = Declaration(file="smartspec.yaml", line=7, key="server.oidc.client_secret")
    return Oidc(
        issuer=issuer,
        client_id="smartspec",
        client_secret=FileSecret(path=folder / "secret", declared=declared),
        name_claim="email",
        groups_claim="groups",
        scopes=(),
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_this_machine_alone_needs_nothing(tmp_path: Path, host: str) -> None:
    """A first try on a laptop must not need a certificate."""
    made = listen(ServerConfiguration(), host, tmp_path)
    shown = f"[{host}]" if ":" in host else host
    assert made.url == f"http://{shown}:8080"
    assert not made.secure
    assert not made.proxied_only


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "rollback.local", ""])  # noqa: S104 - refused
def test_others_are_let_near_by_nobody_known_and_in_the_open(tmp_path: Path, host: str) -> None:
    """A server that anybody reaches without saying who they are could be told to roll back."""
    found = problems(ServerConfiguration(), host, tmp_path)
    assert set(found) == {"server.oidc", "server.tls", "server.url"}


def test_a_token_or_a_provider_is_a_way_to_know_people(tmp_path: Path) -> None:
    """Either of them will do; neither will not."""
    plain = ServerConfiguration(url=URL, trusted_proxies=("10.0.0.0/8",))
    assert set(problems(plain, "10.0.0.5", tmp_path)) == {"server.oidc"}
    assert listen(plain, "10.0.0.5", tmp_path, has_token=True).proxied_only
    known = ServerConfiguration(url=URL, trusted_proxies=("10.0.0.0/8",), oidc=oidc(tmp_path))
    assert listen(known, "10.0.0.5", tmp_path).secure


def test_its_own_certificate_is_as_good_as_a_proxy(tmp_path: Path) -> None:
    """Whoever has no proxy gives the server a certificate."""
    tls = certificate(tmp_path, "a")
    server = ServerConfiguration(url=URL, tls=tls)
    made = listen(server, "10.0.0.5", tmp_path, has_token=True)
    assert (made.tls, made.secure, made.proxied_only) == (tls, True, False)
    assert made.names == {"rollback.example.org", "10.0.0.5"}
    here = listen(ServerConfiguration(tls=tls), "127.0.0.1", tmp_path)
    assert here.url == "https://127.0.0.1:8080"


def test_people_are_not_sent_to_an_address_without_tls(tmp_path: Path) -> None:
    """A link in the channel that begins with http:// is where somebody listens in."""
    server = ServerConfiguration(url="http://rollback.example.org", trusted_proxies=("10.0.0.1",))
    found = problems(server, "10.0.0.5", tmp_path, has_token=True)
    assert found == {"server.url": "people would reach a server on 10.0.0.5 without TLS"}


def test_a_certificate_that_cannot_work_is_said_before_anybody_comes(tmp_path: Path) -> None:
    """Whoever mistypes a path learns the path, not a traceback at the first request."""
    (good, key), (_, other) = certificate(tmp_path, "a"), certificate(tmp_path, "b")
    _, locked = certificate(tmp_path, "c", passphrase=b"x")
    (tmp_path / "text").write_text("no certificate")
    cases = [
        (tmp_path / "none.pem", key, "server.tls.certificate"),
        (good, tmp_path / "none.key", "server.tls.key"),
        (good, tmp_path, "server.tls.key"),
        (good, other, "server.tls"),
        (tmp_path / "text", key, "server.tls"),
        (good, locked, "server.tls"),
    ]
    for pair in cases:
        found = problems(ServerConfiguration(tls=pair[:2]), "127.0.0.1", tmp_path)
        assert set(found) == {pair[2]}, pair


def test_a_provider_that_cannot_be_used_is_said_at_once(tmp_path: Path) -> None:
    """Nobody should find out at the first login, in an incident, that a secret was never set."""
    server = ServerConfiguration(oidc=oidc(tmp_path))
    (tmp_path / "secret").unlink()
    assert set(problems(server, "127.0.0.1", tmp_path)) == {"server.oidc.client_secret"}
    plain = ServerConfiguration(oidc=oidc(tmp_path, issuer="http://login.example.org"))
    assert set(problems(plain, "127.0.0.1", tmp_path)) == {"server.oidc.issuer"}
    here = ServerConfiguration(oidc=oidc(tmp_path, issuer="http://127.0.0.1:9"))
    assert listen(here, "127.0.0.1", tmp_path).url
