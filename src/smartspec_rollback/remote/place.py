"""Which server is meant, and what proves to it who asks.

Made by ``cli``, for whatever here asks a server. The token comes from the environment or a
file, never from a command line, where every process of the machine could read it; and it goes
nowhere but over TLS, or to this machine.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import UsageError

TOKEN = "SMARTSPEC_TOKEN"  # noqa: S105 - names of variables, no token
TOKEN_FILE = "SMARTSPEC_TOKEN_FILE"  # noqa: S105 - as above

_LONGEST = 4096
_PRINTABLE = re.compile(r"[\x21-\x7e]+", re.ASCII)
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*/?", re.ASCII)


@dataclass(frozen=True)
class Place:
    """One server: how it is reached, and the token that says who asks."""

    host: str
    port: int
    secure: bool
    prefix: str
    token: Sensitive

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.secure else ''}://{host}:{self.port}{self.prefix}"


def place(url: str, environment: Mapping[str, str]) -> Place:
    """Read a server's address, and the token in ``environment``; UsageError says what is wrong."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _no_address("it is no URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise _no_address("it is no http or https URL")
    if parts.username is not None or parts.password is not None:
        raise _no_address("it has a user name or a password in it")
    if parts.query or parts.fragment or not _PATH.fullmatch(parts.path):
        raise _no_address("it has more than an address and a plain path")
    secure = parts.scheme == "https"
    if not secure and not _is_here(host):
        raise UsageError(
            f"{host} is reached over plain http, where everybody on the way could read the token",
            where="--server",
            remedy="use https; plain http is for this machine alone",
        )
    return Place(
        host=host,
        port=port or (443 if secure else 80),
        secure=secure,
        prefix=parts.path.rstrip("/"),
        token=_token(environment),
    )


def _token(environment: Mapping[str, str]) -> Sensitive:
    given, file = environment.get(TOKEN), environment.get(TOKEN_FILE)
    if given and file:
        raise UsageError(f"{TOKEN} and {TOKEN_FILE} are both set", remedy="unset one of them")
    where = TOKEN if given else TOKEN_FILE
    if not given and not file:
        raise UsageError(
            "nothing says to the server who asks",
            where=f"{TOKEN}, {TOKEN_FILE}",
            remedy=f"set {TOKEN} to a token of the server, or {TOKEN_FILE} to a file with one; "
            "`smartspec token create` makes tokens",
        )
    text = (given or _read(file or "")).strip()
    if not _PRINTABLE.fullmatch(text) or len(text) > _LONGEST:
        raise UsageError("what is there is no token", where=where)
    return Sensitive(text)


def _read(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            return file.read(_LONGEST + 2)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no path"
        raise UsageError(
            f"the file with the token cannot be read: {why}", where=TOKEN_FILE
        ) from None


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _no_address(why: str) -> UsageError:
    return UsageError(
        f"this does not name a server: {why}",
        where="--server",
        remedy="give its address, such as https://rollback.example.org",
    )
