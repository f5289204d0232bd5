"""What every stored or hashed value is made of.

Used by every module of ``domain``. Canonical JSON is what digests are taken of and what the
store keeps, so a value and its stored form are the same thing.
"""

import hashlib
from typing import Any, dataclass_transform

import msgspec


class _KeywordsOnly(msgspec.StructMeta):
    """Makes every subclass keyword-only; msgspec inherits its other options, but not this one."""

    def __new__(
        mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> "_KeywordsOnly":
        options.setdefault("kw_only", True)
        return super().__new__(mcls, name, bases, namespace, **options)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Value(
    msgspec.Struct, metaclass=_KeywordsOnly, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """A frozen value whose contents are frozen too (tuples, never lists)."""


class Parameter(Value):
    """One named string, as steps, evidence and journal entries carry them."""

    name: str
    value: str


class Evidence(Value):
    """One fact that a statement rests on: what, its value, and who said so."""

    fact: str
    value: str
    source: str


def parameters(**values: object) -> tuple[Parameter, ...]:
    """Make parameters from keywords, in the order given; ``None`` is left out."""
    return tuple(
        Parameter(name=name, value=str(value))
        for name, value in values.items()
        if value is not None
    )


def parameter(held: tuple[Parameter, ...], name: str, default: str | None = None) -> str:
    """Look up the value called ``name``; without it and without a default, KeyError."""
    for item in held:
        if item.name == name:
            return item.value
    if default is None:
        raise KeyError(name)
    return default


def canonical(value: object) -> bytes:
    """Encode as canonical JSON: UTF-8, keys sorted, no white space."""
    return msgspec.json.encode(value, order="sorted")


def digest(value: object) -> str:
    """Take the SHA-256 of the canonical JSON, as ``sha256:<64 hex digits>``."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()
