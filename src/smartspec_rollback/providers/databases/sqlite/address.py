"""A SQLite URL: read, checked, and named for people.

Used by ``connection`` of this package. Nothing here opens anything.
"""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import UsageError

_REMEDY = (
    "write `sqlite:///relative/file.db` or `sqlite:////from/the/root/file.db`; in the path write "
    "% as %25, ? as %3F and # as %23"
)
_HIDDEN = "***"


@dataclass(frozen=True)
class Address:
    """Where a database's file is. ``secrets`` are what a URL made for a server held beside it."""

    path: Path
    secrets: tuple[Sensitive, ...] = field(default=(), repr=False)

    @property
    def identity(self) -> str:
        """Name the database: its path, as a URL."""
        return f"sqlite:///{quote(str(self.path))}"

    @property
    def uri(self) -> str:
        """Spell it so that SQLite opens it for reading only, and never makes it."""
        return f"file:{quote(str(self.path))}?mode=ro"

    def scrub(self, text: str) -> str:
        """Return ``text`` without any secret of this address, and in one line."""
        for secret in self.secrets:
            text = text.replace(secret.reveal(), _HIDDEN)
        return " ".join(text.split())


def read(url: Sensitive, *, where: str = "") -> Address:
    """Read a URL; UsageError, which never quotes it, where it is none.

    A dialect (``sqlite+aiosqlite://``) and whatever stands behind ``?`` are left out.
    """
    text = url.reveal().strip()
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.partition("+")[0].lower() != "sqlite":
        raise UsageError("this is not a SQLite URL", where=where, remedy=_REMEDY)
    bare = rest.partition("?")[0].partition("#")[0]
    user, _, path = bare.partition("/")
    path = unquote(path)
    if not path or path == ":memory:" or not path.isprintable():
        raise UsageError("this SQLite URL names no file", where=where, remedy=_REMEDY)
    _, _, password = user.rpartition("@")[0].partition(":")
    secrets = tuple(Sensitive(each) for each in (password, unquote(password)) if each)
    return Address(Path(path), secrets)
