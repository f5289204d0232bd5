"""A MySQL or MariaDB URL: read, checked, named without its secrets, kept out of every message.

Used by ``connection`` of this package. Nothing here connects anywhere.
"""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import UsageError

_SCHEMES = ("mysql", "mariadb")
_REMEDY = (
    "write `mysql://user:password@host:3306/name`; in the password write % as %25, @ as %40, "
    "/ as %2F, : as %3A, # as %23 and ? as %3F"
)
_HIDDEN = "***"
_PORT = 3306


@dataclass(frozen=True)
class Address:
    """Where a database is; ``socket`` instead of host and port where the URL names one."""

    host: str
    port: int
    name: str
    user: str = field(repr=False)
    password: Sensitive
    socket: str | None = None
    tls: bool = False
    authority: str | None = None
    secrets: tuple[Sensitive, ...] = field(default=(), repr=False)

    @property
    def identity(self) -> str:
        """Name the database: host, port and name."""
        if self.socket is not None:
            return f"mysql:///{self.name}?unix_socket={self.socket}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mysql://{host}:{self.port}/{self.name}"

    def scrub(self, text: str) -> str:
        """Return ``text`` without any secret of this address, and in one line."""
        for secret in self.secrets:
            text = text.replace(secret.reveal(), _HIDDEN)
        return " ".join(text.split())


def read(url: Sensitive, *, where: str = "") -> Address:
    """Read a URL; UsageError, which never quotes it, where it is none.

    A dialect (``mysql+pymysql://``) and parameters not known here are left out: one variable often
    serves the application too.
    """
    text = url.reveal().strip()
    if not text.isprintable():
        raise _bad("this MySQL URL holds a control character", where)
    try:
        parts = urlsplit(text)
        host, port = unquote(parts.hostname or ""), parts.port or _PORT
    except ValueError:
        raise _bad("this MySQL URL cannot be read", where) from None
    if parts.scheme.partition("+")[0] not in _SCHEMES or not text.partition("://")[1]:
        raise _bad("this is not a MySQL URL", where)
    name = unquote(parts.path.removeprefix("/"))
    if not name or "/" in name:
        raise _bad("this MySQL URL names no database", where)
    if parts.fragment or "@" in name or "@" in host:
        raise _bad("this MySQL URL cannot be read: a character is not escaped", where)
    return _address(parts, host, port, name, text)


def _address(parts: SplitResult, host: str, port: int, name: str, text: str) -> Address:
    asked = parse_qs(parts.query)

    def one(*keys: str) -> str | None:
        return next((asked[key][0] for key in keys if key in asked), None)

    mode = (one("ssl-mode", "sslmode", "ssl_mode") or "").lower().replace("-", "_")
    written = parts.password or ""
    held = sorted({text, written, unquote(written)}, key=len, reverse=True)
    return Address(
        host=host or "localhost",
        port=port,
        name=name,
        user=unquote(parts.username or ""),
        password=Sensitive(unquote(written)),
        socket=one("unix_socket", "socket"),
        tls=mode in {"require", "required", "verify_ca", "verify_identity", "verify_full"}
        or (one("ssl", "tls") or "").lower() in {"1", "true"},
        authority=one("ssl_ca", "ssl-ca", "sslrootcert"),
        secrets=tuple(Sensitive(each) for each in held if each),
    )


def _bad(what: str, where: str) -> UsageError:
    return UsageError(what, where=where, remedy=_REMEDY)
