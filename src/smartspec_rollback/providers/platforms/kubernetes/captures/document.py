"""What a capture of this platform says, and how Secrets are told apart without being kept.

Used by ``taking``, ``recall`` and ``restoring``. Pure. The document is canonical JSON: the same
release in the same configuration gives the same text, whenever it is captured.
"""

import hashlib
import hmac
from typing import Any

import msgspec

from smartspec_rollback.domain.values import Parameter, Value, canonical
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, name_of, part

FORMAT = 1
"""Documents of another format are left alone."""


class KeptMap(Value):
    """The content of a ConfigMap, with the labels it is found by."""

    name: str
    data: tuple[Parameter, ...] = ()
    binary: tuple[Parameter, ...] = ()
    labels: tuple[Parameter, ...] = ()
    immutable: bool = False


class KeptSecret(Value):
    """The keys of a Secret, each with a keyed hash of its value."""

    name: str
    keys: tuple[Parameter, ...] = ()


class Ran(Value):
    """By which content the images of one container ran."""

    container: str
    images: tuple[str, ...]


class Document(Value):
    """One release of a workload.

    ``owner`` is the object it ran in, ``template`` its pod template as it can be put back.
    ``absent`` and ``unreadable`` name what it refers to and was not there, or nobody could read.
    ``key`` tells which ledger's key the hashes were made with. ``told`` is the deployment id that
    a pipeline told the cluster.
    """

    format: int
    workload: str
    namespace: str
    owner: str
    template: dict[str, Any]
    ran: tuple[Ran, ...]
    maps: tuple[KeptMap, ...]
    secrets: tuple[KeptSecret, ...]
    absent: tuple[str, ...]
    unreadable: tuple[str, ...]
    key: str
    told: str | None

    def map_of(self, name: str) -> KeptMap | None:
        """Find a ConfigMap's content."""
        return next((each for each in self.maps if each.name == name), None)

    def secret_of(self, name: str) -> KeptSecret | None:
        """Find a Secret's keys."""
        return next((each for each in self.secrets if each.name == name), None)


def spelled(document: Document) -> str:
    """Spell a document as captures keep it."""
    return canonical(document).decode()


def read(text: str) -> Document | None:
    """Read a document; None where it is none of this format."""
    try:
        found = msgspec.json.decode(text, type=Document)
    except msgspec.MsgspecError:
        return None
    return found if found.format == FORMAT else None


def kept_map(there: Obj) -> KeptMap:
    """Take a ConfigMap's content down."""
    return KeptMap(
        name=name_of(there),
        data=_texts(part(there, "data")),
        binary=_texts(part(there, "binaryData")),
        labels=_texts(part(there, "metadata", "labels")),
        immutable=there.get("immutable") is True,
    )


def kept_secret(there: Obj, *, key: bytes) -> KeptSecret:
    """Take down which keys a Secret has, and hashes that tell only whether a value changed."""
    name = name_of(there)
    return KeptSecret(
        name=name,
        keys=tuple(
            Parameter(name=each.name, value=_hashed(name, each, key))
            for each in _texts(part(there, "data"))
        ),
    )


def key_name(key: bytes) -> str:
    """Tell keys apart without telling anything else of them."""
    return hashlib.sha256(b"the key of a ledger's captures\0" + key).hexdigest()[:16]


def _hashed(name: str, held: Parameter, key: bytes) -> str:
    said = canonical((name, held.name, held.value))
    return hmac.new(key, said, hashlib.sha256).hexdigest()


def _texts(held: Obj) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name=name, value=value)
        for name, value in sorted(held.items())
        if isinstance(value, str)
    )
