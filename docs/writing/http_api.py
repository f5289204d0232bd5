"""The page about the HTTP API, made from the table by which requests are answered."""

from collections.abc import Iterator
from itertools import groupby

import msgspec

from docs.writing.markdown import code, prose, table
from smartspec_rollback.domain.access import ALLOWS, SCOPES, Action
from smartspec_rollback.server.api.problems import KINDS, TYPE
from smartspec_rollback.server.api.route import Returns, Route
from smartspec_rollback.server.api.table import ROUTES

_NULL = {"type": "null"}


def http_api_page() -> str:
    """Write every route, and every type of problem."""
    text = (
        "# HTTP API\n\n"
        "`smartspec serve` answers these requests, and describes them as OpenAPI 3.1 at "
        "`/openapi.json`. Programs send `Authorization: Bearer TOKEN`; a browser's session counts "
        "as well, and then every request that changes something repeats the session's token in "
        "`X-CSRF-Token`. Bodies are JSON in UTF-8, at most 256 KiB; unknown and doubled names are "
        "refused. Times are RFC 3339 in UTC, spans are seconds. "
        "[Run the server](../how-to/run-the-server.md) tells how to set it up.\n"
    )
    for tag, routes in groupby(ROUTES, key=lambda route: route.tag):
        text += f"\n## {tag.capitalize()}\n"
        for route in routes:
            text += f"\n### {route.method} {route.path}\n\n{route.summary}"
            text += f" {route.description}\n" if route.description else "\n"
            text += f"\n{_needs(route)}\n"
            text += (
                f"\n{table(('What is sent', 'Meaning'), given)}"
                if (given := [*_given(route)])
                else ""
            )
            text += "\n" + table(("Answer", "Meaning"), _answers(route))
    text += (
        "\n## Problems\n\n"
        "Errors are `application/problem+json` (RFC 9457). `type` is one of these and stays; "
        "`detail`, `where`, `remedy` and `details` are for people. `exit_code` is what the command "
        "would have ended with. What is turned away before it comes to a route has the type "
        "`about:blank`: its status says all.\n\n"
    )
    rows = ((code(TYPE + name), str(status), f"{what}.") for name, (status, what) in KINDS.items())
    return text + table(("`type`", "Status", "Meaning"), rows)


def _needs(route: Route) -> str:
    if route.signed:
        return "The sender signs it."
    if route.action is None:
        return "Nobody has to log in."
    roles = [role for role, actions in ALLOWS.items() if route.action in actions]
    people = ", ".join(code(role) for role in roles)
    machines = f"machines with the scope {code(route.action)}" if _scoped(route.action) else ""
    return f"For people as {people}; {machines or 'never for machines'}."


def _scoped(action: Action) -> bool:
    return action in SCOPES


def _given(route: Route) -> Iterator[tuple[str, str]]:
    for media in route.takes:
        yield "body", f"{code(media)}"
    for kind, where in ((route.body, "body"), (route.query, "query")):
        if kind is None:
            continue
        for name, said in _properties(kind):
            yield f"{code(name)} ({where})", said
    if route.keyed:
        yield "`Idempotency-Key` (header)", "Names the request: sent again it comes to the same."


def _properties(kind: type) -> Iterator[tuple[str, str]]:
    _, components = msgspec.json.schema_components([kind], ref_template="{name}")
    shape = components[kind.__name__]
    for name, said in shape["properties"].items():
        chosen = next((each for each in said.get("anyOf", ()) if each != _NULL), said)
        what = said.get("description") or chosen.get("description", "")
        chosen = components.get(chosen.get("$ref"), chosen)
        values = ", ".join(map(code, chosen.get("enum", ())))
        default = said.get("default")
        usual = "" if default in (None, []) else f"default: {code(str(default).lower())}"
        must = "required" if name in shape.get("required", ()) else usual
        yield name, "; ".join(filter(None, (prose(what).rstrip("."), values, must))) + "."


def _answers(route: Route) -> Iterator[tuple[str, str]]:
    for each in route.returns:
        yield str(each.status), f"{each.what} {_document(each)}".strip()
    yield ", ".join(map(str, route.problems)), "a [problem](#problems)"


def _document(each: Returns) -> str:
    tag = None if each.kind is None else each.kind.__struct_config__.tag
    return code(str(tag)) if tag else code(each.media)
