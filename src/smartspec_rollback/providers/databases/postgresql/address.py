"""A PostgreSQL URL: read, checked, named without its secrets, and kept out of every message.

Used by ``connection`` and ``database`` of this package. Nothing here connects anywhere.
"""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import UsageError

_SCHEMES = ("postgresql", "postgres")
_REMEDY = (
    "write `postgresql://user:password@host:5432/name`; in the password write "
    "% as %25, @ as %40, / as %2F, : as %3A, # as %23 and ? as %3F"
)
_HIDDEN = "***"


@dataclass(frozen=True)
class Address:
    """Where a database is. ``parameters`` are libpq's own, the password among them.

    ``search_path`` is what a ``schema=`` in the URL asks for, as Prisma has it.
    """

    identity: str
    search_path: tuple[str, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[Sensitive, ...] = field(default=(), repr=False)

    def scrub(self, text: str) -> str:
        """Return ``text`` without any secret of this address, and in one line."""
        for secret in self.secrets:
            text = text.replace(secret.reveal(), _HIDDEN)
        return " ".join(text.split())


def read(url: Sensitive, *, where: str = "") -> Address:
    """Read a URL; UsageError, which never quotes it, where it is none.

    A dialect (``postgresql+asyncpg://``) and parameters libpq does not know are left out: one
    variable often serves the application too.
    """
    text = url.reveal().strip()
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.partition("+")[0] not in _SCHEMES:
        raise _bad("this is not a PostgreSQL URL", where)
    bare, _, query = rest.partition("?")
    asked = parse_qsl(query, keep_blank_values=True)
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    kept = urlencode([(k, v) for k, v in asked if k in known], quote_via=quote)
    try:
        found = conninfo_to_dict(f"postgresql://{bare}{'?' + kept if kept else ''}")
    except psycopg.Error:
        # The client library's message may quote any part of the URL.
        raise _bad("this PostgreSQL URL cannot be read", where) from None
    parameters = {name: str(value) for name, value in found.items() if value is not None}
    _sound(parameters, where)
    return Address(
        identity=_identity(parameters),
        search_path=tuple(v for k, v in asked if k == "schema" and v),
        parameters=parameters,
        secrets=_secrets(text, bare, parameters),
    )


def _sound(parameters: dict[str, str], where: str) -> None:
    """Refuse what an unescaped password makes of a URL: its rest in the host, port or name."""
    ports = parameters.get("port", "").split(",")
    names = (parameters.get("host", ""), parameters.get("dbname", ""))
    if any(port and not port.isdigit() for port in ports) or any("@" in name for name in names):
        raise _bad("this PostgreSQL URL cannot be read: a character is not escaped", where)
    if any(not value.isprintable() for value in parameters.values()):
        raise _bad("this PostgreSQL URL holds a control character", where)


def _secrets(text: str, bare: str, parameters: dict[str, str]) -> tuple[Sensitive, ...]:
    """List everything that may not be shown, longest first, as written and as decoded."""
    user, _, _ = bare.rpartition("@")
    _, _, written = user.partition(":")
    held = {parameters.get(name, "") for name in ("password", "sslpassword")}
    held |= {text, written, unquote(written)}
    return tuple(Sensitive(each) for each in sorted(held, key=len, reverse=True) if each)


def _identity(parameters: dict[str, str]) -> str:
    """Name the database: host, port and name; a server on this machine by its folder."""
    host, port = parameters.get("host", ""), parameters.get("port", "")
    name = parameters.get("dbname", parameters.get("user", ""))
    service = parameters.get("service")
    if service and not host:
        return f"postgresql:///{name}?service={service}"
    if not host or host.startswith(("/", "@")):
        return f"postgresql:///{name}" + (f"?host={host}" if host else "")
    hosts, ports = host.split(","), port.split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    places = (
        f"{f'[{h}]' if ':' in h else h}:{p or 5432}" for h, p in zip(hosts, ports, strict=False)
    )
    return f"postgresql://{','.join(places)}/{name}"


def _bad(what: str, where: str) -> UsageError:
    return UsageError(what, where=where, remedy=_REMEDY)
