"""Looks at YAML nodes: where they stand, what they hold. Used by the decoder.

Faults in the form of the file (duplicate keys, lists where a mapping belongs) become Problems.
"""

from dataclasses import dataclass

import yaml

from smartspec_rollback.config.problems import KeyPath, Problems, quoted

_NULL = "tag:yaml.org,2002:null"
_LONGEST_TEXT = 4096
_LONGEST_KEY = 128


@dataclass(frozen=True)
class Spot:
    """A node, the path of keys that leads to it, its line, and how it could be written."""

    node: yaml.Node
    path: KeyPath
    line: int
    hint: str = ""


@dataclass(frozen=True)
class Written:
    """A scalar as written; ``plain`` tells that it stands without quotes."""

    text: str
    plain: bool


def is_null(node: yaml.Node) -> bool:
    """Whether a value is left out: ``key:``, ``~`` or ``null``."""
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL


def written(spot: Spot, expected: str, problems: Problems) -> Written | None:
    """Return the scalar at ``spot``; None, with a Problem, if there is none such."""
    node = spot.node
    if is_null(node):
        problems.add(spot.line, spot.path, f"has no value; expected: {expected}", spot.hint)
    elif not isinstance(node, yaml.ScalarNode):
        problems.add(spot.line, spot.path, f"is a {shape(node)}; expected: {expected}", spot.hint)
    elif len(node.value) > _LONGEST_TEXT:
        problems.add(spot.line, spot.path, f"is longer than {_LONGEST_TEXT} characters")
    elif not node.value.isprintable():
        problems.add(
            spot.line,
            spot.path,
            "holds a line break or a character that cannot be shown",
            "write it on one line, as plain text",
        )
    else:
        return Written(node.value, plain=node.style is None)
    return None


def entries(spot: Spot, problems: Problems) -> dict[str, Spot] | None:
    """Return the values of the mapping at ``spot`` by key; None if it is no mapping."""
    node = spot.node
    if not isinstance(node, yaml.MappingNode):
        what = "has no value" if is_null(node) else f"is a {shape(node)}"
        problems.add(spot.line, spot.path, f"{what}; expected: a mapping", spot.hint)
        return None
    found: dict[str, Spot] = {}
    for key_node, value in node.value:
        line = key_node.start_mark.line + 1
        key = _key(key_node, line, spot.path, problems)
        if key is None:
            continue
        if key in found:
            problems.add(
                line,
                spot.path,
                f"the key {quoted(key)} appears twice",
                f"remove it here or in line {found[key].line}",
            )
            continue
        found[key] = Spot(value, (*spot.path, key), line)
    return found


def items(spot: Spot, problems: Problems) -> list[Spot] | None:
    """Return the items of the list at ``spot``; None if it is no list."""
    node = spot.node
    if not isinstance(node, yaml.SequenceNode):
        what = "has no value" if is_null(node) else f"is a {shape(node)}"
        problems.add(spot.line, spot.path, f"{what}; expected: a list", spot.hint)
        return None
    return [
        Spot(item, (*spot.path, index), item.start_mark.line + 1)
        for index, item in enumerate(node.value)
    ]


def shape(node: yaml.Node) -> str:
    """Name the form of a node for people."""
    if isinstance(node, yaml.MappingNode):
        return "mapping"
    return "list" if isinstance(node, yaml.SequenceNode) else "single value"


def _key(node: yaml.Node, line: int, path: KeyPath, problems: Problems) -> str | None:
    if not isinstance(node, yaml.ScalarNode) or is_null(node):
        problems.add(line, path, "a key that is no text", "write keys as plain words")
    elif len(node.value) > _LONGEST_KEY or not node.value.isprintable():
        problems.add(line, path, f"{quoted(node.value)} cannot be a key", "write a plain word")
    else:
        return str(node.value)
    return None
