"""Documents: values in their stored form, which is their canonical JSON.

Called by every part of a store. A document that cannot be read is damage, never absence.
"""

import hashlib
from typing import TypeVar

import msgspec

from smartspec_rollback.domain.values import Value, canonical
from smartspec_rollback.errors import StoreCorrupt

T = TypeVar("T", bound=Value)


def encode(value: Value) -> str:
    """Write a value as its document."""
    return canonical(value).decode()


def digest_of(document: str) -> str:
    """Take the SHA-256 of a document, as ``sha256:<64 hex digits>``."""
    return "sha256:" + hashlib.sha256(document.encode()).hexdigest()


def decode(kind: type[T], document: str, *, what: str) -> T:
    """Read a document back; StoreCorrupt says ``what`` could not be read."""
    try:
        return msgspec.json.decode(document, type=kind)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise StoreCorrupt(
            f"the ledger's record of {what} cannot be read: {error}",
            where=what,
            remedy="run 'smartspec audit verify' to see what else was changed, "
            "and restore a copy of the ledger",
        ) from error
