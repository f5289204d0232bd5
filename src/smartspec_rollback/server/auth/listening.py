"""Where ``smartspec serve`` may listen, and how it is reached there; refuses what would be open.

Called by ``server.process`` before anything listens. Nothing is served to other machines
without a way to know who asks, or without TLS.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from smartspec_rollback.config.model import Configuration, Oidc
from smartspec_rollback.errors import ConfigurationError, Problem
from smartspec_rollback.server.auth.proxies import Network, address

_WHERE = "server"


@dataclass(frozen=True)
class Listening:
    """Where the server listens, and how people and proxies reach it.

    ``url`` is what links begin with, without a slash at its end. ``tls`` are the paths of the
    certificate and its key. ``secure``: whoever comes, comes by TLS.
    """

    host: str
    port: int
    url: str
    tls: tuple[Path, Path] | None = None
    proxies: tuple[Network, ...] = ()

    @property
    def secure(self) -> bool:
        """Whether browsers reach the server by TLS alone."""
        return self.tls is not None or self.url.startswith("https://")

    @property
    def proxied_only(self) -> bool:
        """Whether only the proxies, which end TLS, may come."""
        return bool(self.proxies) and self.tls is None

    @cached_property
    def names(self) -> frozenset[str]:
        """The names it answers to, besides addresses."""
        called = (self.host, urlsplit(self.url).hostname or "")
        return frozenset(name.lower().rstrip(".") for name in called if name)


def listening(
    configuration: Configuration, host: str, port: int, *, has_token: Callable[[], bool]
) -> Listening:
    """Say how a server at ``host`` and ``port`` is reached.

    ConfigurationError where it would be open to people nobody knows, or to people who listen in;
    ``has_token`` tells whether there is a token that counts.
    """
    server = configuration.server
    proxies = tuple(ip_network(each) for each in server.trusted_proxies)
    if not is_loopback(host):
        _refuse_open(configuration, host, has_token)
    if server.tls is not None:
        _check_certificate(configuration, *server.tls)
    if server.oidc is not None:
        _check_provider(configuration, server.oidc)
    scheme = "http" if server.tls is None else "https"
    shown = f"[{host}]" if ":" in host else host
    url = server.url or f"{scheme}://{shown}:{port}"
    return Listening(host, port, url.rstrip("/"), server.tls, proxies)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach ``host``; names other than localhost may lead on."""
    found = address(host)
    return found.is_loopback if found is not None else host.lower() == "localhost"


def _refuse_open(configuration: Configuration, host: str, has_token: Callable[[], bool]) -> None:
    """Refuse to be reached by other machines without authentication, or without TLS."""
    server = configuration.server
    problems: list[Problem] = []
    if server.oidc is None and not has_token():
        what = f"nobody could log in, so nothing is served on {host}"
        remedy = "name an OpenID provider, or make a token: smartspec token create --person NAME"
        problems.append(Problem(0, f"{_WHERE}.oidc", what, remedy))
    if server.tls is None and not server.trusted_proxies:
        what = f"without TLS, whoever listens in on the way to {host} could approve rollbacks"
        remedy = (
            "give `server.tls` a certificate and its key, or name in `server.trusted_proxies` "
            "the proxies that end TLS; or listen on 127.0.0.1"
        )
        problems.append(Problem(0, f"{_WHERE}.tls", what, remedy))
    if server.url is None:
        what = f"nobody said by which address people reach a server that listens on {host}"
        remedy = "write it down, such as https://rollback.example.org"
        problems.append(Problem(0, f"{_WHERE}.url", what, remedy))
    elif not server.url.startswith("https://"):
        what = f"people would reach a server on {host} without TLS"
        problems.append(Problem(0, f"{_WHERE}.url", what, "begin the address with https://"))
    if problems:
        raise ConfigurationError(str(configuration.path), problems)


def _check_certificate(configuration: Configuration, certificate: Path, key: Path) -> None:
    """Refuse a certificate or key that is missing, unreadable, or not of the other."""
    problems = [
        Problem(
            0,
            f"{_WHERE}.tls.{name}",
            f"{path} cannot be read: {why}",
            "look for it, and who may read it",
        )
        for name, path in (("certificate", certificate), ("key", key))
        if (why := _unreadable(path))
    ]
    if not problems:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except (ssl.SSLError, ValueError, OSError) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            what = f"{certificate} and {key} do not make a certificate: {reason}"
            remedy = "both are PEM, the key is the certificate's own, and has no passphrase"
            problems.append(Problem(0, f"{_WHERE}.tls", what, remedy))
    if problems:
        raise ConfigurationError(str(configuration.path), problems)


def _check_provider(configuration: Configuration, oidc: Oidc) -> None:
    """Refuse a provider that could not be asked safely, or whose secret is not there."""
    oidc.client_secret.resolve()
    parts = urlsplit(oidc.issuer)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        what = "without TLS, whoever listens in on the way to the provider could be anybody"
        problem = Problem(0, f"{_WHERE}.oidc.issuer", what, "begin the issuer with https://")
        raise ConfigurationError(str(configuration.path), [problem])


def _no_password() -> str:
    """Answer OpenSSL, which would ask at the terminal."""
    raise ValueError("the key has a passphrase")


def _unreadable(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""
