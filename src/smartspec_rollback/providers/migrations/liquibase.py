"""Reads Liquibase's formatted SQL; changelogs in XML, YAML and JSON give order and are flagged.

A version here is ``AUTHOR:ID`` as in ``--changeset AUTHOR:ID``. Called through ``TOOLS``.
"""

import re
from collections.abc import Iterator

from smartspec_rollback.domain.migration import Migration, MigrationRole
from smartspec_rollback.providers.migrations.reading import Reader, Reading, natural
from smartspec_rollback.providers.migrations.scanning import Lines, between_marks, blanked

_HEADER = re.compile(r"\s*--\s*liquibase\s+formatted\s+sql\b.*", re.IGNORECASE)
_CHANGESET = re.compile(
    r"\s*--\s*changeset\s+(?P<author>[^:\s]+):(?P<id>\"[^\"]*\"|\S+)(?P<attributes>.*)",
    re.IGNORECASE,
)
_ROLLBACK = re.compile(r"\s*--\s*rollback(?:\s+(?P<sql>.*?))?\s*", re.IGNORECASE)
_BLOCK = re.compile(r"/\*[ \t]*liquibase[ \t]+rollback[ \t]*\n", re.IGNORECASE)
_OTHER = re.compile(
    r"\s*--\s*(?:comment|preconditions?|precondition-\S+|property|validchecksum|ignorelines)\b.*",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"\b(\w{1,40}):(\"[^\"]*\"|\S+)")
_PLACEHOLDER = re.compile(r"\$\{[^}\n]{1,200}\}")
_CHANGELOG = re.compile(r"(?:.*/)?[^/]*\.(?:xml|ya?ml|json)")
_SQL = re.compile(r"(?:.*/)?[^/]*\.sql")
_ENDING = re.compile(r"\.(?:sql|xml|ya?ml|json)\b")
_PATH = re.compile(r"[\w./@ -]*")
_LONGEST_PATH = 300
_XML_CHANGE = re.compile(r"<changeSet\b(?P<attributes>[^>]{0,2000})>", re.IGNORECASE)
_YAML_CHANGE = re.compile(r"^[ \t\-\"{]*changeSet\"?\s*:", re.MULTILINE)


def _is_formatted(text: str | None) -> bool:
    first = next((line for line in (text or "").split("\n") if line.strip()), "")
    return bool(_HEADER.fullmatch(first))


def _is_changelog(text: str | None) -> bool:
    return "databaseChangeLog" in (text or "")[:20_000]


def _recognises(reading: Reading) -> bool:
    files = [file.string for file in reading.named(_SQL, deep=True)][:20]
    logs = [file.string for file in reading.named(_CHANGELOG, deep=True)][:20]
    return any(_is_formatted(reading.text(path)) for path in files) or any(
        _is_changelog(reading.text(path)) for path in logs
    )


def _read(reading: Reading) -> list[Migration]:
    logs = [
        file.string
        for file in reading.named(_CHANGELOG, deep=True)
        if _is_changelog(reading.text(file.string))
    ]
    found: list[Migration] = []
    for path in _order(reading, logs):
        text = reading.text(path)
        if path in logs:
            found += _coded(path, text or "")
        elif text is None:
            found.append(
                Migration(version=path, name="", path=path, up=None, dynamic=reading.fault(path))
            )
        elif _is_formatted(text):
            found += _formatted(reading, path, text)
        elif any("sqlFile" in (reading.text(log) or "") for log in logs):
            reading.problem(path, "no formatted SQL; it may be part of a changeset in a changelog")
        else:
            reading.problem(path, "no formatted SQL; Liquibase runs it as one changeset, if at all")
            found.append(Migration(version="includeAll:raw", name=path, path=path, up=text))
    _report_twice(reading, found)
    return found


def _order(reading: Reading, logs: list[str]) -> list[str]:
    """Put the files in the order of the changelogs that include them, the rest by name."""
    files = sorted((file.string for file in reading.named(_SQL, deep=True)), key=natural)
    mentions = {log: _mentioned(log, reading.text(log) or "", [*files, *logs]) for log in logs}
    included = {path for paths in mentions.values() for path in paths}
    order: dict[str, None] = {}
    waiting = [*(log for log in sorted(logs, key=natural) if log not in included), *logs, *files]
    waiting.reverse()
    opened: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path not in opened:
            opened.add(path)
            order[path] = None
            waiting += reversed(mentions.get(path, []))
    return list(order)


def _mentioned(log: str, text: str, known: list[str]) -> list[str]:
    """List the files that a changelog names, as paths from the folder or from the changelog."""
    beside = log.rpartition("/")[0]
    ends = {f"/{path}": path for path in known if path != log}
    found: dict[str, None] = {}
    for mention in _paths(_without_comments(text)):
        name = mention.strip().removeprefix("classpath:").removeprefix("./").lstrip("/")
        near = f"/{beside}/{name}" if beside else f"/{name}"
        match = ends.get(near) or ends.get(f"/{name}")
        # The path may be written from the project's root, above the folder that was named.
        match = match or next((path for end, path in ends.items() if f"/{name}".endswith(end)), "")
        if match:
            found[match] = None
    return list(found)


def _paths(text: str) -> Iterator[str]:
    """Find what is written like a file's path, by its ending."""
    for ending in _ENDING.finditer(text):
        before = text[max(0, ending.start() - _LONGEST_PATH) : ending.start()]
        backwards = _PATH.match(before[::-1])
        yield (backwards[0][::-1] if backwards else "") + ending[0]


def _without_comments(text: str) -> str:
    return blanked(text, between_marks(text, "<!--", "-->"))


def _coded(path: str, text: str) -> Iterator[Migration]:
    kind = path.rpartition(".")[2].upper().replace("YML", "YAML")
    bare = _without_comments(text)
    lines = Lines(bare)
    pattern = _XML_CHANGE if kind == "XML" else _YAML_CHANGE
    for change in pattern.finditer(bare):
        line = lines.of(change.end())
        held = change["attributes"] if kind == "XML" else bare[change.end() : change.end() + 400]
        author, name = _attribute(held, "author"), _attribute(held, "id")
        yield Migration(
            version=f"{author}:{name}",
            name=name,
            path=path,
            up=None,
            dynamic=f"{path}, line {line}: {kind} is translated by Liquibase itself; not read",
            down_dynamic=f"{path}, line {line}: {kind} is translated by Liquibase itself; not read",
            line=line,
        )


def _attribute(text: str, key: str) -> str:
    found = re.search(rf"\b{key}\"?\s*[=:]\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s,}}]+))", text)
    return next((group for group in found.groups() if group is not None), "") if found else ""


def _formatted(reading: Reading, path: str, text: str) -> Iterator[Migration]:
    lines = text.split("\n")
    begins = [at for at, line in enumerate(lines) if _CHANGESET.fullmatch(line)]
    stray = next(
        (at for at, line in enumerate(lines[: begins[0]] if begins else lines) if _is_code(line)),
        None,
    )
    if stray is not None:
        reading.problem(path, f"line {stray + 1}: a statement before the first --changeset")
    if not begins:
        reading.problem(path, "it has no line `--changeset author:id`")
        return
    for start, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        change = _CHANGESET.fullmatch(lines[start])
        if change is not None:
            yield _changeset(path, change, "\n".join(lines[start + 1 : end]), start + 2)


def _is_code(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith(("--", "/*", "*"))


def _changeset(path: str, change: re.Match[str], text: str, line: int) -> Migration:
    back: list[str] = []
    blocks = [
        (begins, ends)
        for begins, ends in between_marks(text, "/*", "*/")
        if _BLOCK.match(text, begins, ends)
    ]
    for begins, ends in blocks:
        back.append(text[text.index("\n", begins) : ends - 2].strip("\n"))
    # Line ends stay, so that lines can still be told.
    text = blanked(text, iter(blocks))
    forth: list[str] = []
    for each in text.split("\n"):
        rollback = _ROLLBACK.fullmatch(each)
        if rollback:
            back.append(rollback["sql"] or "")
        forth.append("" if rollback or _OTHER.fullmatch(each) else each)
    up = "\n".join(forth)
    attributes = {
        key.lower(): value.strip('"') for key, value in _ATTRIBUTE.findall(change["attributes"])
    }
    again = "true" in (attributes.get("runonchange"), attributes.get("runalways"))
    return Migration(
        version=f"{change['author']}:{change['id'].strip(chr(34))}",
        name=change["id"].strip('"'),
        path=path,
        up=up,
        down=_undo(back),
        dynamic=_conditions(up, attributes, line),
        line=line,
        role=MigrationRole.REPEATABLE if again else MigrationRole.ONCE,
        transaction=attributes.get("runintransaction", "true").lower() != "false",
    )


def _undo(back: list[str]) -> str | None:
    """Join what is said of the way back; ``empty`` and ``not required`` mean: do nothing."""
    if not back:
        return None
    if [line.strip().lower() for line in back] in (["empty"], ["not required"], [""]):
        return ""
    return "\n".join(back)


def _conditions(up: str, attributes: dict[str, str], line: int) -> str | None:
    if found := _PLACEHOLDER.search(up):
        return f"line {line + up.count(chr(10), 0, found.start())}: Liquibase fills in {found[0]}"
    held = [key for key in ("context", "contextfilter", "labels", "dbms") if attributes.get(key)]
    if attributes.get("ignore", "").lower() == "true":
        held.append("ignore")
    if held:
        return f"line {line - 1}: whether it runs depends on {', '.join(held)}"
    return None


def _report_twice(reading: Reading, found: list[Migration]) -> None:
    seen: set[tuple[str, str]] = set()
    for migration in found:
        key = (migration.version, migration.path)
        if key in seen:
            reading.problem(migration.path, f"changeset {migration.version} is there twice")
        seen.add(key)


LIQUIBASE = Reader("liquibase", _recognises, _read)
