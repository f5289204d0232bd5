"""The JSON Schema and the reference agree with the loader, on right and on wrong files."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from tests.unit.config.fakes import FULL, KINDS, environment, load_text

from smartspec_rollback.config.fields import flow
from smartspec_rollback.config.reference import SettingDoc, settings_reference
from smartspec_rollback.config.schema import json_schema
from smartspec_rollback.config.template import TEMPLATE
from smartspec_rollback.errors import ConfigurationError, ProviderError

SCHEMA = json_schema(KINDS)
VALIDATOR = Draft202012Validator(SCHEMA)
REFERENCE = settings_reference(KINDS)


class _Editor(yaml.SafeLoader):
    """Reads YAML as editors do (YAML 1.2): dates, yes and no are text."""


_Editor.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in found if not tag.endswith((":timestamp", ":bool"))]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Editor.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))


def as_editor(text: str) -> object:
    """Read text as an editor does."""
    return yaml.load(text, Loader=_Editor)  # noqa: S506 - derived from the safe loader


def loads(text: str, folder: Path) -> bool:
    """Whether the loader takes it."""
    try:
        load_text(text, folder)
    except ConfigurationError:
        return False
    return True


def test_the_schema_is_a_schema() -> None:
    """An editor ignores a broken schema, silently."""
    Draft202012Validator.check_schema(SCHEMA)


class _Missing:
    """Kinds of which none can be loaded, as without their clients."""

    names = staticmethod(KINDS.names)

    @staticmethod
    def settings_type(group: str, kind: str, /) -> type:
        """Find that something is not installed."""
        raise ProviderError(f"{kind} of {group} cannot be loaded")


def test_a_kind_whose_client_is_not_installed_takes_any_keys() -> None:
    """Nobody gets a first configuration without the clients of every kind of database."""
    schema = json_schema(_Missing())
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(as_editor(FULL))
    wrong = as_editor(FULL.replace("kind: local", "kind: lokal"))
    assert not Draft202012Validator(schema).is_valid(wrong)


@pytest.mark.parametrize(
    "text",
    [
        FULL,
        TEMPLATE,
        environment(),
        environment("prewarm: maybe"),
        environment("soak: 10"),
        environment("soak: 1s1m"),
        environment("databse: none"),
        environment("database: nonee"),
        environment("database: {kind: postgresql, url: plain}"),
        environment("database: {kind: postgresql, url: {env: A, file: b}}"),
        environment("database: {kind: postgresql, url: {env: A}, role: app, remembered: false}"),
        environment("database: {kind: postgresql, url: {env: A}, statements: [a/*.sql]}"),
        environment("database: {kind: postgresql, statements: [a/*.sql]}"),
        environment("database: {kind: oracle, url: {env: A}}"),
        environment("verification: {probes: [{path: x}]}"),
        environment("approval: {auto_approve_up_to: high}"),
        environment("approval: {quorum: 0}"),
        environment("freeze: [{from: 2026-12-24, to: tomorrow, reason: x}]"),
        environment("objectives: [{query: error rate}]"),
        environment("channel: {kind: webhook}"),
        environment("channel: {kind: webhook, url: {env: HOOK}}"),
        environment("channel: {kind: nowhere}"),
        environment("metrics: {kind: probe, interval: 1s}"),
        environment(platform="{kind: local}"),
        environment(platform="{kind: local, releases: 1.10}"),
        environment(platform="{kind: local, releases: r, instances: 0}"),
        environment(platform="{kind: odd, path: null, names: [no], either: [x]}"),
        environment(platform="{kind: odd, path: null, names: [no], maybe: 3s, mode: slow}"),
        environment(platform="{kind: odd, names: []}"),
        "services: {}\n",
        "people: {}\n",
    ],
)
def test_schema_and_loader_agree(text: str, tmp_path: Path) -> None:
    """An editor that says otherwise than the loader would be believed, wrongly."""
    assert VALIDATOR.is_valid(as_editor(text)) == loads(text, tmp_path)


def test_every_key_has_a_description_for_editors() -> None:
    """Hovering over a key is where most people look its meaning up."""

    def bare(schema: object, path: str) -> Iterator[str]:
        if isinstance(schema, dict):
            for key, held in schema.get("properties", {}).items():
                if key != "kind" and not held.get("description"):
                    yield f"{path}.{key}"
            for key, held in schema.items():
                yield from bare(held, f"{path}/{key}")
        elif isinstance(schema, list):
            for held in schema:
                yield from bare(held, path)

    kinds_of_ours = [path for path in bare(SCHEMA, "") if "/oneOf" not in path]
    assert [path for path in kinds_of_ours if not path.endswith((".env", ".file"))] == []


def documented() -> list[SettingDoc]:
    """List the settings with examples that stand for themselves."""
    return [doc for doc in REFERENCE if doc.example and "(odd)" not in doc.key]


@pytest.mark.parametrize("doc", documented(), ids=lambda doc: doc.key)
def test_every_documented_example_loads(doc: SettingDoc, tmp_path: Path) -> None:
    """An example in the documentation is copied; it must work."""
    database = "database: {kind: postgresql, url: {env: DATABASE_URL}}"
    document = as_editor(FULL.replace("database: none", database))
    channel = "webhook" if "(webhook)" in doc.key else "terminal"
    value = as_editor(doc.example)
    path = re.sub(r"\((\w+)\)", "", doc.key).replace("<service>", "checkout")
    path = path.replace("<environment>", "production").replace("<person>", "alice")
    parts = path.replace("[]", ".0").split(".")
    holder = document
    for part in parts[:-1]:
        holder = _step(holder, part)
    assert isinstance(holder, dict)
    if channel == "webhook":
        holder["kind"] = "webhook"
    if doc.key in ("services", "people"):
        # Approvers and dependencies of the full example must still be there.
        assert isinstance(value, dict)
        value = {**holder[doc.key], **value}
    if "objectives[]" in doc.key:
        holder.setdefault("query", "p99 latency")
    holder[parts[-1]] = value
    text = flow(document)
    assert VALIDATOR.is_valid(as_editor(text)), text
    load_text(text, tmp_path)


def _step(holder: object, part: str) -> object:
    """Go one key or item deeper; lists of objectives hold their long form last."""
    if isinstance(holder, list):
        return holder[-1]
    assert isinstance(holder, dict)
    return holder.setdefault(part, {"tool": "flyway", "path": "db/"})


def test_the_reference_tells_every_setting_with_its_default() -> None:
    """A setting that is not documented does not exist for its users."""
    told = {doc.key: doc for doc in REFERENCE}
    base = "services.<service>.<environment>"
    assert told[f"{base}.platform"].default == "required"
    assert told[f"{base}.platform(local).instances"].default == "1"
    assert told[f"{base}.soak"] == SettingDoc(
        key=f"{base}.soak",
        type="duration",
        default="10m",
        example="10m",
        description="How long a release must have been healthy to be known good.",
    )
    assert told[f"{base}.metrics"].default == "{kind: probe}"
    assert told[f"{base}.database"].type == "none or mapping with a kind"
    assert told[f"{base}.database.look_within"].default == "5s"
    assert told[f"{base}.database(postgresql).url"].default == "required"
    assert told[f"{base}.objectives"].type == "list of objective or mapping"
    assert told[f"{base}.freeze[].from"].type == "date or time"
    assert told[f"{base}.approval.approvers"].default == "[]"
    assert told[f"{base}.channel(webhook).url"].type == "reference to a secret"
    assert "people.<person>.matrix" in told
    assert all(doc.description and doc.example for doc in documented())
