"""A small OpenID provider for tests: real HTTP on this machine, real signatures, and any lie.

Used by tests of logging in, and by whoever wants a console with OpenID in a test. It knows one
client and one person, who is logged in there and consents to everything; ``lie`` makes it give a
wrong answer of one kind. Not safe for anything but tests.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from smartspec_rollback.ports.clock import Clock

CLIENT = ("smartspec", "client secret/+:%")
"""The client's id and its secret, with characters that have to be escaped on the way."""

_Claims = dict[str, Any]

LIES: Mapping[str, Callable[[_Claims], _Claims]] = {
    "nonce": lambda claims: {**claims, "nonce": "another"},
    "no nonce": lambda claims: _without(claims, "nonce"),
    "issuer": lambda claims: {**claims, "iss": "https://login.example.org"},
    "no issuer": lambda claims: _without(claims, "iss"),
    "audience": lambda claims: {**claims, "aud": "another"},
    "no audience": lambda claims: _without(claims, "aud"),
    "for another": lambda claims: {**claims, "aud": ["smartspec", "another"], "azp": "another"},
    "expired": lambda claims: {**claims, "exp": claims["iat"] - 3600, "iat": claims["iat"] - 7200},
    "no end": lambda claims: _without(claims, "exp"),
    "of tomorrow": lambda claims: {**claims, "iat": claims["iat"] + 86400},
    "access token": lambda claims: {**claims, "at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "unverified": lambda claims: {**claims, "email_verified": False},
    "verified, says nobody": lambda claims: _without(claims, "email_verified"),
    "nobody": lambda claims: _without(claims, "email"),
    "no text": lambda claims: {**claims, "email": ["alice@example.org"]},
    "steers terminals": lambda claims: {**claims, "email": "alice@example.org\x1b[2J"},
    "endless": lambda claims: {**claims, "email": "a" * 10_000},
}
"""Wrong claims, each by its name; all of them are refused."""

FORGERIES = ("unsigned", "with our secret", "another key", "changed", "no token", "no JSON")
"""Wrong tokens, each by its name; all of them are refused."""


class OpenIdProvider:
    """What the provider knows, and what it does wrong."""

    def __init__(self, clock: Clock, *, algorithm: str = "RS256") -> None:
        """Sign with ``algorithm``; the person logged in there just now."""
        self.clock = clock
        self.algorithm = algorithm
        self.claims: _Claims = {
            "sub": "248289761001",
            "email": "alice@example.org",
            "email_verified": True,
            "groups": ["sre"],
        }
        self.userinfo: _Claims = {}
        self.lie = ""
        self.says_when = True
        self.asks_again = True
        self.names_keys = True
        self.knows_clients_by = "client_secret_basic"
        self.requests: list[str] = []
        self.issuer = ""
        self._logged_in_at = 0
        self._codes: dict[str, dict[str, str]] = {}
        self._key = self._new_key()
        self.log_in_anew()

    def log_in_anew(self) -> None:
        """Let the person log in there now."""
        self._logged_in_at = int(self.clock.now().timestamp())

    def rotate(self) -> None:
        """Sign with another key from now on, as providers do."""
        self._key = self._new_key()

    def _new_key(self) -> RSAKey | ECKey:
        name = secrets.token_hex(4)
        if self.algorithm.startswith("ES"):
            return ECKey.generate_key("P-256", {"kid": name})
        return RSAKey.generate_key(2048, {"kid": name})

    # What is asked of it

    def metadata(self) -> _Claims:
        """Answer the discovery."""
        issuer = "https://elsewhere.example.org" if self.lie == "document" else self.issuer
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/logout",
            "token_endpoint_auth_methods_supported": [self.knows_clients_by],
            "id_token_signing_alg_values_supported": [self.algorithm, "HS256", "none"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "claims_supported": [*self.claims, *(["auth_time"] if self.says_when else [])],
        }

    def keys(self) -> _Claims:
        """Publish the keys."""
        if self.lie == "endless keys":
            return {"keys": [], "more": "a" * 2_000_000}
        return dict(KeySet([self._key]).as_dict(private=False))

    def authorize(self, asked: Mapping[str, str]) -> str:
        """Let the person consent, and say where they are sent to."""
        if asked.get("prompt") == "login" and self.asks_again:
            self.log_in_anew()
        code = secrets.token_urlsafe(16)
        self._codes[code] = dict(asked)
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        if self.lie == "denied":
            answer = {"error": "access_denied", "state": asked["state"]}
        if self.lie == "another provider":
            answer["iss"] = "https://elsewhere.example.org"
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def token(self, given: Mapping[str, str], authorization: str) -> tuple[int, object]:
        """Give tokens for a code, once, to the client that asked for it."""
        asked = self._codes.pop(given.get("code", ""), None)
        if not self._is_client(given, authorization):
            return HTTPStatus.UNAUTHORIZED, {"error": "invalid_client"}
        challenge = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        packed = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        if (
            asked is None
            or asked.get("code_challenge") != packed
            or asked.get("code_challenge_method") != "S256"
            or asked["redirect_uri"] != given.get("redirect_uri")
        ):
            return HTTPStatus.BAD_REQUEST, {"error": "invalid_grant"}
        if self.lie == "no JSON":
            return HTTPStatus.OK, "<html>"
        access = secrets.token_urlsafe(16)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 300}
        if self.lie != "no token":
            answer["id_token"] = self._signed(self._told(asked, access))
        return HTTPStatus.OK, answer

    def _is_client(self, given: Mapping[str, str], authorization: str) -> bool:
        if self.knows_clients_by == "client_secret_post":
            return (given.get("client_id"), given.get("client_secret")) == CLIENT
        user, secret = (quote(each, safe="") for each in CLIENT)
        pairs = (":".join(CLIENT), f"{user}:{secret}")
        return authorization in [
            f"Basic {base64.b64encode(pair.encode()).decode()}" for pair in pairs
        ]

    def _told(self, asked: Mapping[str, str], access: str) -> _Claims:
        now = int(self.clock.now().timestamp())
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims: _Claims = {
            "iss": self.issuer,
            "aud": CLIENT[0],
            "iat": now,
            "exp": now + 300,
            "nonce": asked.get("nonce"),
            "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
            **self.claims,
        }
        if self.says_when:
            claims["auth_time"] = self._logged_in_at
        return LIES[self.lie](claims) if self.lie in LIES else claims

    def _signed(self, claims: _Claims) -> str:
        header = {"alg": self.algorithm}
        if self.names_keys:
            header["kid"] = str(self._key.kid)
        match self.lie:
            case "unsigned":
                parts = ({"alg": "none", "kid": self._key.kid}, claims)
                packed = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts)
                return ".".join(part.decode().rstrip("=") for part in packed) + "."
            case "with our secret":
                key = OctKey.import_key(CLIENT[1])
                return jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])
            case "another key":
                return jwt.encode(header, claims, self._new_key(), algorithms=[self.algorithm])
            case "changed":
                text = jwt.encode(header, claims, self._key, algorithms=[self.algorithm])
                head, _, signature = text.split(".")
                other = json.dumps({**claims, "email": "root@example.org"}).encode()
                body = base64.urlsafe_b64encode(other).decode().rstrip("=")
                return f"{head}.{body}.{signature}"
            case _:
                return jwt.encode(header, claims, self._key, algorithms=[self.algorithm])


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for the provider that its server holds."""

    protocol_version = "HTTP/1.1"

    @property
    def _provider(self) -> OpenIdProvider:
        held: OpenIdProvider = self.server.provider  # type: ignore[attr-defined] # put there by ``serving``
        return held

    def do_GET(self) -> None:
        """Answer discovery, keys, consent and userinfo."""
        parts = urlsplit(self.path)
        self._provider.requests.append(f"GET {parts.path}")
        match parts.path:
            case "/.well-known/openid-configuration":
                self._answer(HTTPStatus.OK, self._provider.metadata())
            case "/keys":
                self._answer(HTTPStatus.OK, self._provider.keys())
            case "/userinfo":
                self._answer(HTTPStatus.OK, self._provider.userinfo)
            case "/authorize":
                where = self._provider.authorize(dict(parse_qsl(parts.query)))
                self._answer(HTTPStatus.FOUND, "", location=where)
            case _:
                self._answer(HTTPStatus.NOT_FOUND, "")

    def do_POST(self) -> None:
        """Answer the token endpoint."""
        self._provider.requests.append(f"POST {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        given = dict(parse_qsl(body))
        self._answer(*self._provider.token(given, self.headers.get("Authorization", "")))

    def _answer(self, status: int, content: object, *, location: str = "") -> None:
        plain = isinstance(content, str)
        body = str(content).encode() if plain else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if plain else "application/json")
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(provider: OpenIdProvider) -> Iterator[OpenIdProvider]:
    """Serve a provider on a free port of this machine; its ``issuer`` is known from then on."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.provider = provider  # type: ignore[attr-defined] # for the handler above
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _without(claims: _Claims, name: str) -> _Claims:
    return {key: value for key, value in claims.items() if key != name}
