"""Reads the file into YAML nodes, which know their lines. Called by the loader.

The file may be hostile: its size, depth and number of nodes (aliases expanded) are bounded, and
tags, tabs and control characters are refused. Scalars stay strings; nothing is constructed.
"""

import re
from pathlib import Path

import yaml

from smartspec_rollback.config.problems import Problems, harmless

MAX_BYTES = 1024 * 1024
_MAX_DEPTH = 32
_MAX_NODES = 100_000
# Controls, other line separators (they would shift line numbers), and what reorders shown text.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_INIT = "write one with `smartspec init`"


def read_document(path: Path, problems: Problems) -> yaml.Node | None:
    """Read and compose ``path``; None if that failed, with the reasons in ``problems``."""
    text = _read_text(path, problems)
    if text is None or not _check_characters(text, problems):
        return None
    composer = _Composer(text, problems)
    try:
        node: yaml.Node | None = composer.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = "; ".join(filter(None, (error.context, error.problem))) or "not YAML"
        problems.add(mark.line + 1 if mark else 0, (), f"not YAML: {harmless(what)}")
        return None
    except _Refused as error:
        problems.add(error.line, (), str(error))
        return None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # Escapes such as "\UFFFFFFFF" and absurd version numbers surface as these.
        problems.add(composer.get_mark().line + 1, (), f"not YAML: {harmless(str(error))}")
        return None
    finally:
        composer.dispose()
    if node is None:
        problems.add(0, (), "the file is empty", _INIT)
    elif not isinstance(node, yaml.MappingNode):
        problems.add(
            node.start_mark.line + 1, (), "the file is not a mapping", "it begins with `services:`"
        )
        return None
    return node


def _read_text(path: Path, problems: Problems) -> str | None:
    try:
        if not path.is_file():
            problems.add(0, (), "no such file" if not path.exists() else "not a file", _INIT)
            return None
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problems.add(0, (), f"cannot be read: {harmless(reason or str(error))}")
        return None
    if len(content) > MAX_BYTES:
        problems.add(0, (), f"larger than {MAX_BYTES} bytes", "is this the right file?")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.add(line, (), "not UTF-8 text", "save the file as UTF-8")
        return None


def _check_characters(text: str, problems: Problems) -> bool:
    """Note each line with a tab or a control character, ten at most."""
    before = len(problems)
    for number, line in enumerate(text.split("\n"), start=1):
        if "\t" in line:
            problems.add(number, (), "a tab", "indent and separate with spaces")
        if found := _FORBIDDEN.search(line):
            problems.add(number, (), f"the control character {found[0]!a}", "remove it")
        if len(problems) - before >= 10:  # noqa: PLR2004 - enough to see what kind of file it is
            break
    return len(problems) == before


_TAGGED = (yaml.ScalarEvent, yaml.CollectionStartEvent)


class _Refused(yaml.YAMLError):
    """What YAML allows and this file must not hold."""

    def __init__(self, what: str, event: yaml.NodeEvent) -> None:
        super().__init__(what)
        self.line = _line(event)


def _line(event: yaml.NodeEvent) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


class _Composer(yaml.SafeLoader):
    """Composes nodes, never objects, and refuses what would grow without bound."""

    def __init__(self, text: str, problems: Problems) -> None:
        super().__init__(text)
        self._problems = problems
        self._depth = 0
        self._composed = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node, and count what it expands to."""
        event: yaml.NodeEvent = self.peek_event()  # type: ignore[no-untyped-call] # untyped upstream
        if isinstance(event, _TAGGED) and event.tag is not None:
            self._problems.add(
                _line(event),
                (),
                f"the YAML tag {harmless(event.tag)}",
                "tags are not used here; remove it",
            )
        self._depth += 1
        self._composed += 1
        if self._composed > _MAX_NODES:
            raise _Refused(f"holds more than {_MAX_NODES} values", event)
        if self._depth > _MAX_DEPTH:
            raise _Refused("nested too deeply", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._count(node, event)
        return node

    def _count(self, node: yaml.Node | None, event: yaml.NodeEvent) -> None:
        if isinstance(event, yaml.AliasEvent):
            if id(node) not in self._sizes:
                raise _Refused("an anchor that contains itself", event)
            return
        size = 1
        if isinstance(node, yaml.MappingNode):
            size += sum(self._sizes[id(k)] + self._sizes[id(v)] for k, v in node.value)
        elif isinstance(node, yaml.SequenceNode):
            size += sum(self._sizes[id(item)] for item in node.value)
        if size > _MAX_NODES:
            raise _Refused(f"expands to more than {_MAX_NODES} values", event)
        self._sizes[id(node)] = size
