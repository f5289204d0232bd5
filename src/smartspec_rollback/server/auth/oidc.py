"""Logging in at an OpenID provider: authorization code with PKCE, and every check of its answer.

Used by ``login``, in threads: it talks HTTP. What the provider says is believed only once its
signature, issuer, audience, time and nonce are right; an address of e-mail only if it is verified.
"""

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from smartspec_rollback.config.model import Oidc
from smartspec_rollback.errors import ProviderUnavailable, Unidentified
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.server.auth.attempts import Attempt
from smartspec_rollback.server.auth.listening import is_loopback

_TIMEOUT = 10.0
_FRESH = 3600.0
_LEEWAY = 60
_MOST_GROUPS = 500
_MOST_BYTES = 1024 * 1024
_LONGEST = 255
_SIGNED_BY = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Signatures by a key that the provider publishes; never `none`, never one with our own secret."""

_NEVER = datetime.fromtimestamp(0, UTC)
_ERROR = re.compile(r"[a-z_]{1,60}", re.ASCII)
_JSON = Mapping[str, Any]


@dataclass(frozen=True)
class Claimed:
    """Who somebody is by the provider's word, and when they proved it there."""

    account: str
    groups: tuple[str, ...]
    proved_at: datetime


class Provider:
    """One OpenID provider; its documents are read when somebody logs in, and kept for an hour."""

    def __init__(self, oidc: Oidc, *, redirect_uri: str, max_age: float, clock: Clock) -> None:
        """People come back to ``redirect_uri``; a login older than ``max_age`` s is renewed."""
        self._oidc = oidc
        self._redirect_uri = redirect_uri
        self._max_age = int(max_age)
        self._clock = clock
        self._lock = threading.Lock()
        self._metadata: tuple[float, _JSON] | None = None
        self._keys: tuple[float, _JSON] | None = None

    def begin(self, attempt: Attempt) -> str:
        """Return the address at the provider where an attempt goes on."""
        more: dict[str, object] = {"max_age": self._max_age}
        if attempt.again:
            more = {"max_age": 0, "prompt": "login"}
        with self._client() as client:
            url, _ = client.create_authorization_url(
                self._endpoint("authorization_endpoint"),
                state=attempt.state,
                code_verifier=attempt.verifier,
                nonce=attempt.nonce,
                **more,
            )
        return str(url)

    def finish(self, attempt: Attempt, answer: Mapping[str, str]) -> Claimed:
        """Say who came back; Unidentified where the provider's answer is no proof of it."""
        if "error" in answer:
            error = answer["error"]
            said = error if _ERROR.fullmatch(error) else "an error"
            raise Unidentified(f"the OpenID provider answered: {said}")
        if answer.get("iss", self._oidc.issuer) != self._oidc.issuer:
            raise Unidentified("another OpenID provider answered")
        try:
            with self._client() as client:
                given = client.fetch_token(
                    self._endpoint("token_endpoint"),
                    grant_type="authorization_code",
                    code=answer.get("code", ""),
                    redirect_uri=self._redirect_uri,
                    code_verifier=attempt.verifier,
                )
                claims = self._claims(given, attempt)
                return self._claimed(self._with_userinfo(client, claims), attempt)
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError) as error:
            # What it says may hold pieces of a token, so that only its kind is told.
            kind = getattr(error, "error", "") or type(error).__name__
            raise Unidentified(
                f"the OpenID provider's answer is no proof: {str(kind)[:60]}"
            ) from None
        except httpx2.HTTPError as error:
            raise self._unavailable(error) from None

    def reached(self) -> bool:
        """Ask for the provider's documents; tell whether it lists the claim ``auth_time``.

        ProviderUnavailable where nobody could log in.
        """
        for name in ("authorization_endpoint", "token_endpoint"):
            self._endpoint(name)
        try:
            self._key_set()
        except (JoseError, ValueError, TypeError, KeyError):
            raise ProviderUnavailable(
                "the OpenID provider's keys cannot be read", where=self._oidc.issuer
            ) from None
        return "auth_time" in (self._discovered().get("claims_supported") or ())

    def logout_url(self, back_to: str) -> str | None:
        """Return where somebody logs out at the provider too, if that is known."""
        with self._lock:
            known = self._metadata
        endpoint = known[1].get("end_session_endpoint") if known else None
        if not isinstance(endpoint, str) or not self._safe(endpoint):
            return None
        asked = {"client_id": self._oidc.client_id, "post_logout_redirect_uri": back_to}
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def _client(self) -> OAuth2Client:
        methods = self._discovered().get("token_endpoint_auth_methods_supported") or ()
        basic = not methods or "client_secret_basic" in methods
        return OAuth2Client(
            client_id=self._oidc.client_id,
            client_secret=self._oidc.client_secret.resolve().reveal(),
            token_endpoint_auth_method="client_secret_basic" if basic else "client_secret_post",
            scope=" ".join(dict.fromkeys(("openid", *self._oidc.scopes))),
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            timeout=_TIMEOUT,
        )

    def _claims(self, given: _JSON, attempt: Attempt) -> _JSON:
        """Read the ID token, after every check of OpenID Connect Core 3.1.3.7."""
        text = given.get("id_token")
        if not isinstance(text, str):
            raise Unidentified("the OpenID provider gave no ID token")
        offered = self._discovered().get("id_token_signing_alg_values_supported") or ("RS256",)
        registry = JWSRegistry(
            algorithms=sorted(_SIGNED_BY & set(offered)), strict_check_header=False
        )
        try:
            token = jwt.decode(text, self._key_set(), registry=registry)
        except InvalidKeyIdError:  # the provider may have changed its keys
            token = jwt.decode(text, self._key_set(anew=True), registry=registry)
        checked = CodeIDToken(
            token.claims,
            token.header,
            {
                "iss": {"essential": True, "value": self._oidc.issuer},
                "aud": {"essential": True, "value": self._oidc.client_id},
                "nonce": {"essential": True, "value": attempt.nonce},
            },
            {
                "nonce": attempt.nonce,
                "client_id": self._oidc.client_id,
                "access_token": given.get("access_token"),
            },
        )
        checked.validate(now=int(self._clock.now().timestamp()), leeway=_LEEWAY)
        claims: _JSON = checked
        return claims

    def _with_userinfo(self, client: OAuth2Client, claims: _JSON) -> _JSON:
        """Add what the provider says elsewhere, where the ID token lacks it."""
        wanted = (self._oidc.name_claim, self._oidc.groups_claim)
        endpoint = self._discovered().get("userinfo_endpoint")
        if all(name in claims for name in wanted) or not isinstance(endpoint, str):
            return claims
        if not self._safe(endpoint):
            return claims
        answer = client.get(endpoint)
        if answer.status_code != httpx2.codes.OK:
            return claims
        more = answer.json()
        if not isinstance(more, dict) or more.get("sub") != claims.get("sub"):
            raise Unidentified("the OpenID provider's answers are about different people")
        return {**more, **claims}

    def _claimed(self, claims: _JSON, attempt: Attempt) -> Claimed:
        name = claims.get(self._oidc.name_claim)
        if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= _LONGEST:
            raise Unidentified(f"the OpenID provider does not say {self._oidc.name_claim}")
        if self._oidc.name_claim == "email" and claims.get("email_verified") not in (True, "true"):
            raise Unidentified("the OpenID provider did not verify the address of e-mail")
        now = self._clock.now()
        said = claims.get("auth_time")
        proved_at = _NEVER
        if isinstance(said, int | float) and 0 <= said <= now.timestamp() + _LEEWAY:
            proved_at = min(now, datetime.fromtimestamp(said, UTC))
        if attempt.again and now - proved_at > timedelta(seconds=2 * _LEEWAY):
            raise Unidentified("the OpenID provider did not ask again who you are")
        return Claimed(f"oidc:{name}", _groups(claims.get(self._oidc.groups_claim)), proved_at)

    def _endpoint(self, name: str) -> str:
        found = self._discovered().get(name)
        if not isinstance(found, str) or not self._safe(found):
            raise ProviderUnavailable(
                f"the OpenID provider's document names no safe {name}", where=self._oidc.issuer
            )
        return found

    def _safe(self, url: str) -> bool:
        """Tell whether nobody can listen in on the way there."""
        parts = urlsplit(url)
        return parts.scheme == "https" or (
            parts.scheme == "http" and is_loopback(parts.hostname or "")
        )

    def _discovered(self) -> _JSON:
        """Return the provider's document about itself."""
        with self._lock:
            if self._metadata is None or self._old(self._metadata[0]):
                issuer = self._oidc.issuer
                address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                found = self._fetched(address)
                if found.get("issuer") != issuer:
                    raise ProviderUnavailable(
                        "the OpenID provider's document is of another issuer",
                        where=issuer,
                        remedy="write server.oidc.issuer exactly as the document has it",
                    )
                self._metadata = (self._clock.monotonic(), found)
            return self._metadata[1]

    def _key_set(self, *, anew: bool = False) -> KeySet:
        address = self._endpoint("jwks_uri")
        with self._lock:
            if anew or self._keys is None or self._old(self._keys[0]):
                self._keys = (self._clock.monotonic(), self._fetched(address))
            return KeySet.import_key_set(dict(self._keys[1]))  # type: ignore[arg-type] # JSON from outside; it checks

    def _fetched(self, address: str) -> _JSON:
        if not self._safe(address):
            raise ProviderUnavailable("the OpenID provider has no TLS", where=address)
        try:
            with httpx2.stream("GET", address, timeout=_TIMEOUT, follow_redirects=False) as answer:
                answer.raise_for_status()
                found = json.loads(_bounded(answer))
        except (httpx2.HTTPError, ValueError) as error:
            raise self._unavailable(error) from None
        if not isinstance(found, dict):
            raise ProviderUnavailable("the OpenID provider's document is none", where=address)
        return found

    def _old(self, at: float) -> bool:
        return self._clock.monotonic() - at > _FRESH

    def _unavailable(self, error: Exception) -> ProviderUnavailable:
        return ProviderUnavailable(
            f"the OpenID provider cannot be asked ({type(error).__name__})",
            where=self._oidc.issuer,
            remedy="approve at a terminal or in the channel until it is back",
        )


def _bounded(answer: httpx2.Response) -> bytes:
    """Read an answer of at most a megabyte; ValueError where there is more."""
    content = b""
    for piece in answer.iter_bytes():
        content += piece
        if len(content) > _MOST_BYTES:
            raise ValueError("the document is too large")
    return content


def _groups(said: object) -> tuple[str, ...]:
    """Read a list of groups; what is none is left out, and so is what is beyond measure."""
    listed = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    fit = (each for each in listed if isinstance(each, str) and 0 < len(each) <= _LONGEST)
    return tuple(dict.fromkeys(fit))[:_MOST_GROUPS]
