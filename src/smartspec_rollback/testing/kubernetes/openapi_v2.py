"""OpenAPI version 2 in protobuf, as kubectl reads it: which kinds take which parameters.

Old clients, and new ones for lists, ask it whether the server checks fields. ``http`` serves it.
The numbers are those of github.com/google/gnostic's OpenAPIv2.proto.
"""

from smartspec_rollback.testing.kubernetes.resources import Registry, Resource

MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

_LOW_BITS = 0x7F
_BYTES = 2  # the wire type of everything here


def _number(value: int) -> bytes:
    out = bytearray()
    while value > _LOW_BITS:
        out.append(value & _LOW_BITS | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _number(number << 3 | _BYTES) + _number(len(data)) + data


def _query_parameter(name: str) -> bytes:
    schema = _field(2, "query") + _field(4, name)
    not_body = _field(3, schema)
    return _field(1, _field(2, not_body))


def _path(resource: Resource) -> bytes:
    extension = f"group: {resource.group!r}\nkind: {resource.kind}\nversion: {resource.version}\n"
    named = _field(1, "x-kubernetes-group-version-kind") + _field(2, _field(2, extension))
    patch = _field(5, f"patch{resource.group}{resource.kind}")
    for name in ("dryRun", "fieldManager", "fieldValidation", "force"):
        patch += _field(8, _query_parameter(name))
    patch += _field(13, named)
    base = f"/apis/{resource.group}" if resource.group else "/api"
    url = f"{base}/{resource.version}/{resource.plural}/{{name}}"
    return _field(1, url) + _field(2, _field(8, patch))


def document(registry: Registry) -> bytes:
    """Encode the document."""
    info = _field(1, "Kubernetes") + _field(2, "v1.32.4")
    paths = b"".join(_field(2, _path(each)) for each in registry if "patch" in each.verbs)
    return _field(1, "2.0") + _field(2, info) + _field(8, paths)
