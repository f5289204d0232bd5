"""The API is what its OpenAPI document says, whatever is sent to it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.integration.server.running import GENEROUS, Caller, a_server

from smartspec_rollback.server.api.openapi import document
from smartspec_rollback.server.api.table import ROUTES

_HOOKS = Path(__file__).with_name("conformance_hooks.py")
_HTTP = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Caller, dict[str, str]]]:
    """Run a server, with the ids of things that it knows."""
    folder: Path = tmp_path_factory.mktemp("conforming")
    with a_server(folder, GENEROUS) as (call, _):
        asked = {"failed_deployment_id": "search-v2", "dry_run": True}
        dry = call("POST", "/v1/rollbacks", asked, by="adam").document
        gate = call("POST", "/v1/gates", {"deployment_id": "basket-v2"}, by="adam").document
        yield (
            call,
            {
                "rollback_id": dry["rollback_id"],
                "gate_id": gate["gate_id"],
                "deployment_id": "checkout-v2",
                "failed_deployment_id": "search-v2",
            },
        )


def test_whatever_is_sent_is_answered_as_documented(
    served: tuple[Caller, dict[str, str]], tmp_path: Path
) -> None:
    """Something that is sent breaks the server, or is answered as no document says."""
    call, known = served
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"http://127.0.0.1:{call.port}/openapi.json",
            *("--header", f"Authorization: Bearer {call.tokens['adam']}"),
            *("--checks", "all", "--phases", "examples,coverage,fuzzing"),
            *("--max-examples", "8", "--seed", "1", "--no-color"),
            *("--generation-database", "none", "--suppress-health-check", "all"),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": _HOOKS.stem,
            "PYTHONPATH": os.pathsep.join((str(_HOOKS.parent), os.environ.get("PYTHONPATH", ""))),
            "SMARTSPEC_KNOWN_IDS": json.dumps(known),
        },
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert "Unresolvable" not in done.stdout


def test_examples_are_valid() -> None:
    """Somebody copies an example out of the documentation, and it is refused."""
    described = document(ROUTES, version="1")
    for path, methods in described["paths"].items():
        for method in methods.keys() & set(_HTTP):
            body = methods[method].get("requestBody", {}).get("content", {})
            for content in body.values():
                schema = {**content["schema"], "components": described["components"]}
                if {"$ref", "allOf"} & set(content["schema"]):
                    assert "example" in content, (path, method)
                    Draft202012Validator(schema).validate(content["example"])
    for name, schema in described["components"]["schemas"].items():
        for field, said in schema.get("properties", {}).items():
            for example in said.get("examples", ()):
                where = {**said, "components": described["components"]}
                assert Draft202012Validator(where).is_valid(example), (name, field)


def test_every_route_is_described() -> None:
    """A route is answered that no document knows, or two routes are one."""
    described = document(ROUTES, version="1")["paths"]
    told = {(method.upper(), path) for path, methods in described.items() for method in methods}
    assert told == {(route.method, route.path) for route in ROUTES}
    assert len(told) == len(ROUTES)
    names = [route.name for route in ROUTES]
    assert len(set(names)) == len(names)
    for route in ROUTES:
        assert route.summary.endswith("."), route.name
