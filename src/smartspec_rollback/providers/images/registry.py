"""Asking a registry whether it still has an image, and which one a tag names today.

One HEAD of the manifest, as the distribution specification says, with a token where the registry
wants one. Called by platforms while a plan is made, so all of it ends in a few seconds; a registry
that cannot be reached from here tells nothing about the image.
"""

import base64
import re
import threading
import time
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import msgspec

from smartspec_rollback.providers.images.reference import ImageReference
from smartspec_rollback.providers.web import Answer, Connection, NoAnswer, address

_ACCEPT = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_OK, _WHO, _FORBIDDEN, _GONE = 200, 401, 403, 404
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_FRESH_SECONDS = 30.0
_LOCAL = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, repr=False)
class Credentials:
    """A name and a password for a registry; never printed."""

    user: str
    password: str

    @property
    def basic(self) -> str:
        """Spell them as the header does."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


@dataclass(frozen=True)
class Answered:
    """What a registry says: whether it has the image (None: not told), and its digest today."""

    present: bool | None
    digest: str | None
    detail: str


_Asked = tuple[ImageReference, ImageReference | None, Credentials | None]


class Registries:
    """Asks registries, each image only once in a while; several threads may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[_Asked, tuple[float, Answered]] = {}

    def ask(
        self,
        image: ImageReference,
        credentials: Credentials | None,
        *,
        beside: ImageReference | None,
        seconds: float,
    ) -> Answered:
        """Ask as ``ask`` does, or give what was said to the same credentials a moment ago."""
        asked: _Asked = (image, beside, credentials)
        now = time.monotonic()
        with self._lock:
            at, known = self._told.get(asked, (0.0, None))
        if known is not None and now - at <= _FRESH_SECONDS:
            return known
        said = ask(image, credentials, beside=beside, seconds=seconds)
        with self._lock:
            self._told[asked] = now, said
        return said


def ask(
    image: ImageReference,
    credentials: Credentials | None,
    *,
    beside: ImageReference | None,
    seconds: float,
) -> Answered:
    """Ask the registry of an image, within ``seconds`` all in all; never raises.

    Registries hide what one may not see by saying that it is not there. So "gone" is believed only
    where the same access shows ``beside``, an image of the same repository that runs now.
    """
    found: list[Answered] = []

    def run() -> None:
        said = _asked(image, credentials, seconds)
        found.append(_believed(said, image, beside, credentials, seconds))

    # Resolving a name knows no time limit, so whoever waits does.
    thread = threading.Thread(target=run, name="registry", daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        late = f"the registry {image.registry} did not answer in {seconds:g}s"
        return _untold(late)
    return found[0]


def _believed(
    said: Answered,
    image: ImageReference,
    beside: ImageReference | None,
    credentials: Credentials | None,
    seconds: float,
) -> Answered:
    if said.present is not False:
        return said
    same = beside is not None and (beside.registry, beside.repository) == (
        image.registry,
        image.repository,
    )
    if beside is not None and same and _asked(beside, credentials, seconds).present:
        return said
    unsure = f"{said.detail}, or does not show it to us"
    return _untold(unsure)


def _asked(image: ImageReference, credentials: Credentials | None, seconds: float) -> Answered:
    try:
        answer = _head(image, credentials, seconds)
    except NoAnswer as error:
        return _untold(f"the registry {image.registry} cannot be asked: {error.what}")
    except ValueError:
        return _untold(f"the registry {image.registry} has an address that cannot be read")
    name = f"{image.registry}/{image.repository}"
    if answer.status == _OK:
        said = answer.headers.get("docker-content-digest", "")
        digest = said if _DIGEST.fullmatch(said) else image.digest
        return Answered(present=True, digest=digest, detail=f"{name} is in the registry")
    if answer.status == _GONE:
        gone = f"the registry no longer has {name} {image.wanted}"
        return Answered(present=False, digest=None, detail=gone)
    if answer.status in (_WHO, _FORBIDDEN):
        # Registries say so of what is not there, too: that is no proof of either.
        return _untold(f"the registry {image.registry} does not let us ask")
    return _untold(f"the registry {image.registry} answered {answer.status}")


def _untold(why: str) -> Answered:
    return Answered(present=None, digest=None, detail=why)


def _head(image: ImageReference, credentials: Credentials | None, seconds: float) -> Answer:
    scheme = "http" if image.host.rpartition(":")[0] in _LOCAL or image.host in _LOCAL else "https"
    connection = Connection(address(f"{scheme}://{image.host}"))
    path = f"/v2/{image.repository}/manifests/{quote(image.wanted, safe=':')}"
    headers = {"Accept": _ACCEPT}
    try:
        answer = connection.request("HEAD", path, seconds=seconds, headers=headers)
        if answer.status != _WHO:
            return answer
        authorization = _authorization(answer, image, credentials, seconds)
        if authorization is None:
            return answer
        headers["Authorization"] = authorization
        return connection.request("HEAD", path, seconds=seconds, headers=headers)
    finally:
        connection.close()


def _authorization(
    answer: Answer, image: ImageReference, credentials: Credentials | None, seconds: float
) -> str | None:
    """Answer the registry's challenge; None where we have nothing to answer with."""
    said = answer.headers.get("www-authenticate", "")
    kind, _, rest = said.partition(" ")
    if kind.lower() == "basic":
        return credentials.basic if credentials else None
    if kind.lower() != "bearer":
        return None
    parts = dict(_CHALLENGE.findall(rest))
    realm = parts.get("realm", "")
    to = address(realm)
    if to.scheme != "https" and to.host not in ("localhost", "127.0.0.1", "::1"):
        return None  # a password never goes out in the open
    asked = {
        "service": parts.get("service", ""),
        "scope": parts.get("scope") or f"repository:{image.repository}:pull",
    }
    connection = Connection(to)
    try:
        joint = "&" if "?" in to.path else "?"
        headers = {"Authorization": credentials.basic} if credentials else {}
        token = connection.request(
            "GET", f"{to.path}{joint}{urlencode(asked)}", seconds=seconds, headers=headers
        )
    finally:
        connection.close()
    return _bearer(token)


def _bearer(answer: Answer) -> str | None:
    if answer.status != _OK:
        return None
    try:
        said = msgspec.json.decode(answer.body, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        return None
    token = said.get("token") or said.get("access_token")
    return f"Bearer {token}" if isinstance(token, str) and token.isprintable() else None
