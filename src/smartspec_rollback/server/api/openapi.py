"""The OpenAPI 3.1 document of the API, made from the same table that answers requests.

Called by the route ``/openapi.json`` and by the documentation's generator. Pure.
"""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from smartspec_rollback.domain.access import ALLOWS, SCOPES
from smartspec_rollback.server.api.fields import NAME_PATTERN
from smartspec_rollback.server.api.problems import KINDS, TYPE, Problem
from smartspec_rollback.server.api.route import EVENTS, JSON, PROBLEM, Returns, Route

_REFERENCE = "#/components/schemas/{name}"
_EVENT = {
    "type": "object",
    "description": "One event of the stream; `data` is JSON.",
    "properties": {
        "id": {"type": "string", "description": "The number of a journal entry."},
        "event": {"type": "string", "enum": ["entry", "progress", "end"]},
        "data": {"type": "string", "contentMediaType": JSON},
        "retry": {"type": "integer"},
    },
}
_TEXT = {"type": "string"}
_PROBLEM_HEADERS = {
    401: {"WWW-Authenticate": "How to say who asks."},
    405: {"Allow": "The methods of this path."},
    429: {"Retry-After": "In how many seconds to try again."},
    503: {"Retry-After": "In how many seconds to try again."},
}


def document(routes: Sequence[Route], *, version: str, url: str = "/") -> dict[str, Any]:
    """Describe the routes; ``url`` is where the server is reached."""
    types = _types(routes)
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    schema_of = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "SmartSpec Rollback",
            "version": version,
            "summary": "Returns failed deployments to a version known to be good.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": {name: _tidy(each) for name, each in sorted(components.items())},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A machine's token, made by an admin; kept hashed.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "smartspec",
                    "description": "A person's login by the OpenID provider.",
                },
            },
        },
    }


def _types(routes: Sequence[Route]) -> list[type]:
    found: list[type] = [Problem]
    for route in routes:
        found += [kind for kind in (route.body, route.query) if kind is not None]
        found += [each.kind for each in route.returns if each.kind is not None]
    return list(dict.fromkeys(found))


def _operation(route: Route, schema_of: dict[type, Any]) -> dict[str, Any]:
    said = {
        "operationId": route.name,
        "summary": route.summary,
        "description": _described(route),
        "tags": [route.tag],
        "parameters": list(_parameters(route)),
        "responses": {
            **{str(each.status): _success(each, route, schema_of) for each in route.returns},
            **{str(status): _problem(status, schema_of) for status in route.problems},
        },
        "security": [] if route.action is None else [{"token": []}, {"session": []}],
    }
    if route.body is not None:
        schema = schema_of[route.body]
        content: dict[str, Any] = {
            "schema": schema if route.rule is None else {"allOf": [schema, dict(route.rule)]}
        }
        if route.example is not None:
            content["example"] = dict(route.example)
        said["requestBody"] = {"required": True, "content": {JSON: content}}
    elif route.takes:
        taken = {media: {"schema": dict(schema)} for media, schema in route.takes.items()}
        said["requestBody"] = {"required": True, "content": taken}
    return said


def _described(route: Route) -> str:
    if route.action is None:
        return route.description
    roles = ", ".join(role for role, actions in ALLOWS.items() if route.action in actions)
    machines = "; machines with this scope" if route.action in SCOPES else "; never machines"
    needs = f"Needs `{route.action}` (people as {roles}{machines})."
    return f"{route.description} {needs}".strip()


def _parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name in route.parameters:
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"The id of the {name.removesuffix('_id')}.",
            "schema": {"type": "string", "pattern": NAME_PATTERN, "maxLength": 128},
        }
    if route.query is not None:
        _, components = msgspec.json.schema_components([route.query], ref_template=_REFERENCE)
        described = components[route.query.__name__]
        for name, schema in described["properties"].items():
            said = dict(schema)
            yield {
                "name": name,
                "in": "query",
                "required": name in described.get("required", ()),
                "description": said.pop("description", ""),
                "schema": _without_null(said),
            }
    if route.keyed:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "Names this request: sent again with the same key it comes to the same "
            "rollback, whatever became of that since.",
            "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,128}$"},
        }
    if any(each.media == EVENTS for each in route.returns):
        yield {
            "name": "Last-Event-ID",
            "in": "header",
            "required": False,
            "description": "The last event that was seen; the stream goes on after it.",
            "schema": {"type": "string", "pattern": "^[0-9]{1,20}$"},
        }


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave out null and the default that says nothing: a query has no null."""
    if schema.get("default", 0) is None:
        del schema["default"]
    kinds = [each for each in schema.pop("anyOf", ()) if each != {"type": "null"}]
    return {**schema, **(kinds[0] if kinds else {})}


def _success(each: Returns, route: Route, schema_of: dict[type, Any]) -> dict[str, Any]:
    alike = [other for other in route.returns if other.status == each.status]
    said: dict[str, Any] = {"description": " ".join(dict.fromkeys(o.what for o in alike))}
    content = {
        other.media: {"schema": _content(other, schema_of)} for other in alike if other.media
    }
    if content:
        said["content"] = content
    if each.headers:
        said["headers"] = _headers(each.headers.items())
    return said


def _content(each: Returns, schema_of: dict[type, Any]) -> dict[str, Any]:
    if each.kind is not None:
        schema: dict[str, Any] = schema_of[each.kind]
        return schema
    if each.media == EVENTS:
        return _EVENT
    return {"type": "object"} if each.media == JSON else _TEXT


def _problem(status: int, schema_of: dict[type, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "description": "; ".join(
            f"`{TYPE}{name}`: {title}" for name, (code, title) in KINDS.items() if code == status
        )
        or HTTPStatus(status).phrase,
        "content": {PROBLEM: {"schema": schema_of[Problem]}},
    }
    if status in _PROBLEM_HEADERS:
        said["headers"] = _headers(_PROBLEM_HEADERS[status].items())
    return said


def _headers(said: Iterable[tuple[str, str]]) -> dict[str, Any]:
    return {name: {"description": what, "schema": {"type": "string"}} for name, what in said}


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Write descriptions, which are docstrings, as Markdown."""
    if "description" in schema:
        schema["description"] = re.sub(
            r"\bNone\b", "null", " ".join(schema["description"].split()).replace("``", "`")
        )
    return schema
