"""One attempt to log in, from the button to the provider's answer, kept by the browser alone.

Used by ``login``. A random secret in the browser's cookie signs what travels in ``state``, and
everything else an attempt needs is derived from both. So an answer counts in the browser that
asked, within minutes, once; and nothing is kept here for attempts that nobody finishes.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections import OrderedDict
from dataclasses import dataclass

from smartspec_rollback.errors import Unidentified
from smartspec_rollback.ports.clock import Clock

_LASTS = 600.0
_LONGEST = 2000
_LONGEST_NEXT = 500
_REMEMBERED = 10_000


@dataclass(frozen=True)
class Attempt:
    """What one attempt asks the provider with, and where it leads.

    ``again``: somebody who is in already has to prove anew who they are.
    """

    state: str
    nonce: str
    verifier: str
    leads_to: str
    again: bool


class Attempts:
    """Begins attempts, and knows those again that count; for the threads of one event loop."""

    def __init__(self, clock: Clock) -> None:
        """Tell by ``clock`` how old an attempt is."""
        self._clock = clock
        self._used: OrderedDict[str, None] = OrderedDict()

    def begin(self, secret: str, *, leads_to: str, again: bool) -> Attempt:
        """Begin an attempt of the browser that holds ``secret``."""
        told = {
            "at": self._clock.now().timestamp(),
            "next": within(leads_to),
            "again": again,
            "id": secrets.token_urlsafe(16),
        }
        packed = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
        return _attempt(secret, f"{packed}.{_derived(secret, 'state', packed)}", told)

    def finish(self, secret: str, state: str) -> Attempt:
        """Know an attempt again; Unidentified where it is no other than somebody made it up."""
        packed, _, signature = state.partition(".")
        expected = _derived(secret, "state", packed)
        if (
            not secret
            or len(state) > _LONGEST
            or not hmac.compare_digest(signature.encode(), expected.encode())
        ):
            raise Unidentified("this login was not begun in this browser")
        told = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        if not 0 <= self._clock.now().timestamp() - told["at"] < _LASTS:
            raise Unidentified("this login took too long")
        if state in self._used:
            raise Unidentified("this login was finished before")
        self._used[state] = None
        if len(self._used) > _REMEMBERED:
            self._used.popitem(last=False)
        return _attempt(secret, state, told)


def form_token(secret: str) -> str:
    """Return what the login form of the browser that holds ``secret`` has to repeat."""
    return _derived(secret, "form", "")


def within(text: str) -> str:
    """Return a place on this server, for what claims to be one; else the start.

    Browsers read several slashes at the beginning, and backslashes, as another server's name.
    """
    if len(text) > _LONGEST_NEXT or not text.isprintable() or not text.startswith("/"):
        return "/"
    path = text.partition("?")[0].partition("#")[0]
    return "/" if "//" in path or "\\" in text else text


def _attempt(secret: str, state: str, told: dict[str, object]) -> Attempt:
    return Attempt(
        state=state,
        nonce=_derived(secret, "nonce", state),
        verifier=_derived(secret, "verifier", state),
        leads_to=str(told["next"]),
        again=bool(told["again"]),
    )


def _derived(secret: str, what: str, of: str) -> str:
    mac = hmac.new(secret.encode(), f"{what}:{of}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")
