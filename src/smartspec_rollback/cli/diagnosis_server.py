"""The part of ``doctor`` that looks at how people come in to a server. Called by ``diagnosis``.

Asks the OpenID provider for its documents and reads the certificate; logs nobody in.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from smartspec_rollback.config.model import Oidc
from smartspec_rollback.domain.finding import Outcome
from smartspec_rollback.errors import ConfigurationError, SmartSpecError
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.wiring import Workspace

Said = tuple[Outcome, str, str, str]

_GOOD, _LOOK, _BAD = Outcome.PASSED, Outcome.ATTENTION, Outcome.BLOCKING
_SOON = timedelta(days=14)


def look(workspace: Workspace) -> Iterator[Said]:
    """Look whether a server would start, and people could log in; nothing where none is meant."""
    server = workspace.configuration.server
    if server.tls is None and server.oidc is None:
        return
    try:
        from smartspec_rollback.server.auth import listening
    except ImportError as error:
        said = f"{error.name} is not installed"
        yield _BAD, "server", said, "`pip install 'smartspec-rollback[server]'`"
        return
    try:
        listening(workspace.configuration, "127.0.0.1", 0, has_token=lambda: True)
    except ConfigurationError as error:
        for problem in error.problems:
            yield _BAD, problem.key, problem.what, problem.remedy
        return
    if server.tls is not None:
        yield _certificate(server.tls[0], workspace.clock)
    if server.oidc is not None:
        yield from _provider(server.oidc, workspace.clock)


def _certificate(path: Path, clock: Clock) -> Said:
    from cryptography.x509 import load_pem_x509_certificate

    about = "server.tls"
    end = load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    left = end - clock.now()
    said = f"`{path}` is valid until {end:%Y-%m-%d}"
    if left <= timedelta():
        return _BAD, about, f"`{path}` expired on {end:%Y-%m-%d}", "get a new certificate"
    if left < _SOON:
        return _LOOK, about, said, "get a new certificate"
    return _GOOD, about, said, ""


def _provider(oidc: Oidc, clock: Clock) -> Iterator[Said]:
    from smartspec_rollback.server.auth.oidc import Provider

    about = "server.oidc"
    try:
        tells_when = Provider(oidc, redirect_uri="", max_age=0, clock=clock).reached()
    except SmartSpecError as error:
        yield _BAD, about, f"{error.what} ({error.where})", error.remedy
        return
    yield _GOOD, about, f"{oidc.issuer} answers, and publishes its keys", ""
    if not tells_when:
        said = "the provider does not list auth_time among its claims"
        remedy = "if it never says when people logged in, high risk is not approved on the web"
        yield _LOOK, about, said, remedy
