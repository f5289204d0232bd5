"""What a server knows people and machines by: tokens and sessions, of which only hashes are kept.

Pure. The store keeps the values, ``operations.tokens`` makes tokens, ``server.auth`` reads what is
presented. A secret's text exists in two places only: with its owner, and in one request.
"""

import base64
import hashlib
import re
import zlib
from datetime import datetime

from smartspec_rollback.domain.access import Action, Reach
from smartspec_rollback.domain.approval import Person
from smartspec_rollback.domain.values import Value

ID_BYTES, SECRET_BYTES = 5, 32
"""How many random bytes an id and a secret are made of."""

LONGEST = 90 * 86400.0
"""The longest that a token may count, in seconds."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET = 43
_CHECK = 6
_FORM = re.compile(r"(sst_([a-z2-7]{8})_[0-9A-Za-z]{43})([0-9A-Za-z]{6})", re.ASCII)


class Token(Value):
    """What a token allows, and until when.

    ``person``: acts as that person of ``people``, with their roles. ``scopes``: a machine's, which
    has no roles. Exactly one of them is given. ``reach`` narrows either. Times are UTC; ``used_at``
    is coarse.
    """

    id: str
    name: str
    person: str | None = None
    scopes: tuple[Action, ...] | None = None
    reach: Reach = Reach()
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def counts(self, *, at: datetime) -> bool:
        """Tell whether it may be used."""
        return self.revoked_at is None and self.created_at <= at < self.expires_at


class Session(Value):
    """Somebody who logged in at the console.

    ``token`` is the personal token they did it with, which has to go on counting; None where an
    OpenID provider said who they are. ``proved_at`` is when they last proved it.
    """

    person: Person
    groups: tuple[str, ...] = ()
    token: str | None = None
    proved_at: datetime
    opened_at: datetime
    expires_at: datetime


def written_id(random: bytes) -> str:
    """Write a token's id from its random bytes."""
    return base64.b32encode(random).decode().lower()


def compose(token_id: str, secret: bytes) -> str:
    """Write a token's text from its id and its random bytes; a checksum lets scanners know it."""
    number = int.from_bytes(secret, "big")
    text = f"sst_{token_id}_{_base62(number, _SECRET)}"
    return text + _check(text)


def token_id(text: str) -> str | None:
    """Return the id of a token as it was presented, or None where the text cannot be one."""
    found = _FORM.fullmatch(text)
    if found is None or _check(found[1]) != found[3]:
        return None
    return found[2]


def fingerprint(secret: str) -> str:
    """Take the hash that is kept of a token or of a session's id: both are wholly random."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECK)


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
