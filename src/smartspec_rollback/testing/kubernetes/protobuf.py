"""Reading the protobuf in which kubectl sends some built-in kinds.

``api`` decodes bodies with it. Only the kinds and fields below are known, by the numbers of
k8s.io/api's generated.proto; anything else is refused, never guessed.
"""

import base64
from typing import Any

from smartspec_rollback.testing.kubernetes.objects import Obj
from smartspec_rollback.testing.kubernetes.statuses import bad_request, unsupported_media_type

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"

_MAGIC = b"k8s\x00"
_VARINT, _BYTES = 0, 2

# A field: its name and its type, which is a message, or one of: text, bytes, bool, int, empty;
# "*" after a type's name: many; "map " before it: from text to it.
Message = dict[int, tuple[str, Any]]

_META: Message = {
    1: ("name", "text"),
    2: ("generateName", "text"),
    3: ("namespace", "text"),
    4: ("selfLink", "text"),
    5: ("uid", "text"),
    6: ("resourceVersion", "text"),
    7: ("generation", "int"),
    8: ("creationTimestamp", "empty"),
    11: ("labels", "map text"),
    12: ("annotations", "map text"),
    14: ("finalizers", "text*"),
}
_RESOURCE: Message = {
    1: ("namespace", "text"),
    2: ("verb", "text"),
    3: ("group", "text"),
    4: ("version", "text"),
    5: ("resource", "text"),
    6: ("subresource", "text"),
    7: ("name", "text"),
}
_KINDS: dict[str, Message] = {
    "ConfigMap": {
        1: ("metadata", _META),
        2: ("data", "map text"),
        3: ("binaryData", "map bytes"),
        4: ("immutable", "bool"),
    },
    "Secret": {
        1: ("metadata", _META),
        2: ("data", "map bytes"),
        3: ("type", "text"),
        4: ("stringData", "map text"),
        5: ("immutable", "bool"),
    },
    "ResourceQuota": {
        1: ("metadata", _META),
        2: ("spec", {1: ("hard", "map quantity"), 2: ("scopes", "text*")}),
        3: ("status", "empty"),
    },
    "Namespace": {
        1: ("metadata", _META),
        2: ("spec", {1: ("finalizers", "text*")}),
        3: ("status", "empty"),
    },
    "ServiceAccount": {1: ("metadata", _META)},
    "SelfSubjectAccessReview": {
        1: ("metadata", _META),
        2: (
            "spec",
            {
                1: ("resourceAttributes", _RESOURCE),
                2: ("nonResourceAttributes", {1: ("path", "text"), 2: ("verb", "text")}),
            },
        ),
        3: ("status", "empty"),
    },
}


def decode(body: bytes) -> Obj:
    """Read an object; ApiError 400 or 415."""
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message")
    try:
        envelope = _message(
            body[len(_MAGIC) :],
            {
                1: ("type", {1: ("apiVersion", "text"), 2: ("kind", "text")}),
                2: ("raw", "raw"),
                3: ("encoding", "text"),
                4: ("media", "text"),
            },
        )
        kind = envelope["type"]["kind"]
        if kind not in _KINDS:
            raise unsupported_media_type(["application/json"])
        return {**envelope["type"], **_message(envelope["raw"], _KINDS[kind])}
    except (IndexError, KeyError, ValueError):
        raise bad_request("the protobuf message could not be decoded") from None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: bytes) -> list[tuple[int, int | bytes]]:
    found: list[tuple[int, int | bytes]] = []
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        value, at = _varint(data, at)
        if tag & 7 == _VARINT:
            found.append((tag >> 3, value))
        elif tag & 7 == _BYTES:
            if at + value > len(data):
                raise ValueError(at)
            found.append((tag >> 3, data[at : at + value]))
            at += value
        else:
            raise ValueError(tag)
    return found


def _message(data: bytes, shape: Message) -> Obj:
    said: Obj = {}
    for number, value in _fields(data):
        if number not in shape:
            raise unsupported_media_type(["application/json"])
        name, kind = shape[number]
        if isinstance(kind, dict):
            assert isinstance(value, bytes)
            said[name] = _message(value, kind)
        elif kind.startswith("map "):
            assert isinstance(value, bytes)
            pair = dict(_fields(value))
            key = _plain(pair.get(1, b""), "text")
            said.setdefault(name, {})[key] = _plain(pair.get(2, b""), kind.removeprefix("map "))
        elif kind.endswith("*"):
            said.setdefault(name, []).append(_plain(value, kind.removesuffix("*")))
        elif kind != "empty" and value not in (b"", 0):
            said[name] = _plain(value, kind)
    return said


def _plain(value: int | bytes, kind: str) -> Any:
    if kind == "bool":
        return bool(value)
    if isinstance(value, int):
        return value
    if kind == "bytes":
        return base64.b64encode(value).decode()
    if kind == "quantity":
        return _message(value, {1: ("text", "text")}).get("text", "0")
    return value if kind == "raw" else value.decode()
