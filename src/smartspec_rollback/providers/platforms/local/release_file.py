"""The file ``release.yaml`` of a release: how it is started, told, and asked whether it is ready.

Called by ``releases``. Strict: an unknown key is an error with its line. Everything in it comes
from whoever built the release, so it is read as hostile: no tags, no aliases, 64 KiB at most.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import yaml
from msgspec import Meta

from smartspec_rollback.domain.names import nearest
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ConfigurationError, Problem

NAME = "release.yaml"
_MAX_BYTES = 65536
_MAX_DEPTH = 16
_PLAIN_TAGS = tuple(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "value")
)
_KEY = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"
_OURS = re.compile(r"PORT|HOST|SMARTSPEC_.*|SUPERVISOR_.*")

Variable = Annotated[str, Meta(pattern=_KEY)]
Text = Annotated[str, Meta(max_length=32768, pattern="^[^\x00]*$")]
Word = Annotated[str, Meta(min_length=1, max_length=4096, pattern="^[^\x00]*$")]


class Readiness(Value):
    """The request that tells whether an instance is ready for traffic."""

    path: Annotated[str, Meta(pattern=r"^/[!-~]*$", max_length=1024)] = "/healthz"
    status: Annotated[int, Meta(ge=100, le=599)] = 200


class SecretFile(Value):
    """A secret in a file, read when an instance starts; relative to the release's folder."""

    file: Word


class ReleaseFile(Value):
    """How a release runs.

    ``command`` runs in the release's folder; ``{python}`` as its first word is the Python that
    runs this tool. ``configuration`` names files outside the folder that the release reads;
    changing one changes the release. Instances get ``PORT``, ``HOST``, ``SMARTSPEC_VERSION`` and
    ``SMARTSPEC_REVISION`` besides ``environment`` and ``secrets``.
    """

    command: Annotated[tuple[Word, ...], Meta(min_length=1, max_length=256)]
    environment: Mapping[Variable, Text] = msgspec.field(default_factory=dict)
    secrets: Mapping[Variable, SecretFile] = msgspec.field(default_factory=dict)
    readiness: Readiness = Readiness()
    configuration: tuple[Word, ...] = ()


def load(path: Path) -> ReleaseFile:
    """Read a release file; ConfigurationError names the file, line and key of what is wrong."""
    text = _text(path)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                _fail(path, 0, f"*{event.anchor}", "aliases are not allowed here")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "unreadable"
        _fail(path, mark.line + 1 if mark else 0, "", f"not YAML: {problem}")
    except RecursionError:
        _fail(path, 0, "", "nested too deeply")
    lines: dict[str, int] = {}
    data = _plain(node, path, "$", lines) if node is not None else {}
    return _checked(_converted(data, path, lines), path, lines)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        text = content.decode("utf-8")
    except OSError as error:
        _fail(path, 0, "", f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        _fail(path, 0, "", "is not UTF-8")
    if len(content) > _MAX_BYTES:
        _fail(path, 0, "", f"is larger than {_MAX_BYTES} bytes")
    return text


def _plain(node: yaml.Node, path: Path, key: str, lines: dict[str, int]) -> object:
    """Turn nodes into plain data; every scalar stays a string, so that 1.10 stays 1.10."""
    lines[key] = node.start_mark.line + 1
    if key.count(".") > _MAX_DEPTH:
        _fail(path, lines[key], key, "nested too deeply")
    if not str(node.tag).startswith(_PLAIN_TAGS):
        _fail(path, lines[key], key, f"tags like {node.tag} are not allowed here")
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, path, f"{key}[{n}]", lines) for n, item in enumerate(node.value)]
    found: dict[str, object] = {}
    for name_node, value in node.value:
        name = str(name_node.value)
        inner = f"{key}.{name}"
        if name in found:
            _fail(path, name_node.start_mark.line + 1, inner, "stands here twice")
        found[name] = _plain(value, path, inner, lines)
        lines[inner] = name_node.start_mark.line + 1
    return found


def _converted(data: object, path: Path, lines: dict[str, int]) -> ReleaseFile:
    try:
        return msgspec.convert(data, ReleaseFile, strict=False)
    except msgspec.ValidationError as error:
        what, _, at = str(error).partition(" - at `")
        key = at.rstrip("`") or "$"
        unknown = re.search(r"unknown field `(.*)`", what)
        if unknown is None:
            _fail(path, lines.get(key, lines.get(key.rpartition(".")[0], 1)), key, what)
        name = unknown.group(1)
        known = _fields_at(key)
        alike = nearest(name, known) or known
        _fail(
            path,
            lines.get(f"{key}.{name}", lines.get(key, 1)),
            f"{key}.{name}",
            "unknown key",
            f"did you mean {' or '.join(alike)}?",
        )


def _fields_at(key: str) -> tuple[str, ...]:
    if key == "$":
        return ReleaseFile.__struct_fields__
    section = Readiness if key.startswith("$.readiness") else SecretFile
    return section.__struct_fields__


def _checked(release: ReleaseFile, path: Path, lines: dict[str, int]) -> ReleaseFile:
    for section, names in (("environment", release.environment), ("secrets", release.secrets)):
        for name in names:
            key = f"$.{section}.{name}"
            if _OURS.fullmatch(name):
                _fail(path, lines.get(key, 1), key, "is set by SmartSpec itself")
    for name in release.secrets:
        if name in release.environment:
            key = f"$.secrets.{name}"
            _fail(path, lines.get(key, 1), key, "stands under environment too")
    return release


def _fail(path: Path, line: int, key: str, what: str, remedy: str = "") -> NoReturn:
    problem = Problem(line, key.removeprefix("$").removeprefix("."), what, remedy)
    raise ConfigurationError(str(path), [problem])
