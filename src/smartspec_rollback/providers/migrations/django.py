"""Reads Django's migrations through their syntax tree: order by dependencies, operations as SQL.

A version is ``APP.NAME``, as django_migrations keeps the two. RunPython and what is computed are
flagged dynamic. The path may be the project, one app, or one app's migrations. Called through
``TOOLS``.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from smartspec_rollback.domain.migration import Migration, MigrationRole
from smartspec_rollback.providers.migrations.django_models import Change, separately
from smartspec_rollback.providers.migrations.django_operations import OPERATIONS
from smartspec_rollback.providers.migrations.django_state import State
from smartspec_rollback.providers.migrations.graph import in_order
from smartspec_rollback.providers.migrations.python_source import (
    Arguments,
    Computed,
    Names,
    Script,
    assignment,
    constants,
    dotted,
    evaluate,
    last,
    parse,
)
from smartspec_rollback.providers.migrations.reading import Reader, Reading

_FILE = re.compile(r"(?:.*/)?[^/]+\.py")
_CLASS = re.compile(r"^class\s+Migration\s*\(", re.MULTILINE)


def _files(reading: Reading) -> Iterator[str]:
    for file in reading.named(_FILE, deep=True):
        inside = _parts(reading, file.string)[-2:-1] == ("migrations",)
        if inside and _CLASS.search(reading.text(file.string) or ""):
            yield file.string


def _parts(reading: Reading, path: str) -> tuple[str, ...]:
    return PurePosixPath(reading.folder.path, path).parts


def _recognises(reading: Reading) -> bool:
    return any(True for _ in _files(reading))


class _File:
    """One migration's file, parsed; its operations are translated later, in order."""

    def __init__(self, reading: Reading, path: str) -> None:
        self.app = _parts(reading, path)[-3] if len(_parts(reading, path)) > 2 else ""  # noqa: PLR2004 - app, migrations, file
        self.name = PurePosixPath(path).stem
        self.module = parse(reading, path)
        self.names: Names = constants(self.module.body) if self.module else {}
        self.held: dict[str, ast.expr] = {}
        for node in self.module.body if self.module else ():
            if isinstance(node, ast.ClassDef) and node.name == "Migration":
                found = filter(None, map(assignment, node.body))
                self.held = {assigned.name: assigned.value for assigned in found}

    @property
    def version(self) -> str:
        return f"{self.app}.{self.name}"

    def pairs(self, key: str) -> tuple[str, ...]:
        """List the versions under ``dependencies`` or ``replaces``, as far as they are literal."""
        node = self.held.get(key)
        items = node.elts if isinstance(node, ast.List | ast.Tuple) else []
        found = []
        for item in items:
            try:
                pair = evaluate(item, self.names)
            except Computed:
                continue  # the configured user model: some migration of another app
            if isinstance(pair, list) and len(pair) == 2:  # noqa: PLR2004 - a pair
                found.append(f"{pair[0]}.{pair[1]}")
        return tuple(found)


def _read(reading: Reading) -> list[Migration]:
    files = {path: _File(reading, path) for path in _files(reading)}
    versions = {file.version for file in files.values()}
    unread = [
        Migration(
            version=file.version,
            name=file.name,
            path=path,
            up=None,
            requires=_parents(file, versions),
            role=_role(file, versions),
        )
        for path, file in files.items()
    ]
    own_apps = {file.app for file in files.values()}
    for each in unread:
        for parent in each.requires:
            app, _, name = parent.partition(".")
            if app in own_apps and parent not in versions and not name.startswith("__"):
                reading.problem(each.path, f"its dependency {parent} is in no file")
    state = State()
    ordered = in_order(reading, unread, elsewhere=True)
    return [_translated(files[each.path], each, state) for each in ordered]


def _parents(file: _File, versions: set[str]) -> tuple[str, ...]:
    parents = list(file.pairs("dependencies"))
    # A squashed migration comes after what it stands for, while that is still there.
    parents += [version for version in file.pairs("replaces") if version in versions]
    return tuple(dict.fromkeys(parents))


def _role(file: _File, versions: set[str]) -> MigrationRole:
    replaced = set(file.pairs("replaces")) & versions
    return MigrationRole.BASELINE if replaced else MigrationRole.ONCE


def _translated(file: _File, migration: Migration, state: State) -> Migration:
    if file.module is None:
        forth, back = Script(notes=[f"{migration.path} cannot be read as Python"]), Script()
        back.notes += forth.notes
    elif migration.role is MigrationRole.BASELINE:
        # What it stands for was translated already; its own state must not come on top.
        forth, back = _operations(file, State())
    else:
        forth, back = _operations(file, state)
    atomic = file.held.get("atomic")
    return Migration(
        version=migration.version,
        name=migration.name,
        path=migration.path,
        up=forth.sql,
        down=back.sql,
        dynamic=forth.dynamic,
        down_dynamic=back.dynamic,
        requires=migration.requires,
        role=migration.role,
        transaction=not (isinstance(atomic, ast.Constant) and atomic.value is False),
    )


def _operations(file: _File, state: State) -> tuple[Script, Script]:
    forth, back = Script(), Script()
    node = file.held.get("operations")
    if not isinstance(node, ast.List | ast.Tuple):
        if node is not None or not file.held:
            line = getattr(node, "lineno", 1)
            forth.notes.append(f"line {line}: the operations are computed")
            back.notes += forth.notes
        return forth, back
    walk = _Walk(file, state, forth, back)
    try:
        for item in node.elts:
            walk.operation(item)
    except RecursionError:
        forth.notes.append(f"line {node.lineno}: the operations are nested too deeply")
    forth.notes += state.guesses
    state.guesses.clear()
    back.statements.reverse()
    return forth, back


class _Walk:
    """Goes through a migration's operations; the ways back are collected in reverse."""

    def __init__(self, file: _File, state: State, forth: Script, back: Script) -> None:
        self.file = file
        self.state = state
        self.forth = forth
        self.back = back

    def operation(self, item: ast.expr, *, database: bool = True) -> None:
        """Translate one operation; without ``database`` only the state changes."""
        if not isinstance(item, ast.Call):
            self._note(f"line {item.lineno}: an operation is computed")
            return
        name = last(item.func)
        change: Change | None = None
        try:
            change = Change(Arguments(item, self.file.names), self.file.app, self.state)
            if name == "SeparateDatabaseAndState":
                self._separate(change)
                return
            if name not in OPERATIONS:
                raise Computed(item, f"the operation {dotted(item.func)} is not one of Django's")  # noqa: TRY301 - handled with the rest, below
            OPERATIONS[name](change)
        except Computed as computed:
            if database:
                self._note(computed.note, back=name != "RunPython")
        except TypeError as error:
            self._note(f"line {item.lineno}: a {error} has no literal in SQL")
        if change is not None and database:
            self.forth.statements += change.up
            self.back.statements += reversed(change.down)
            self.back.notes += change.one_way

    def _separate(self, change: Change) -> None:
        before = {
            key: replace(model, fields=dict(model.fields))
            for key, model in self.state.models.items()
        }
        for item in separately(change, "database_operations"):
            self.operation(item)
        # The state is changed by its own operations only.
        self.state.models = before
        for item in separately(change, "state_operations"):
            self.operation(item, database=False)

    def _note(self, note: str, *, back: bool = True) -> None:
        self.forth.notes.append(note)
        if back:
            self.back.notes.append(note)


DJANGO = Reader("django", _recognises, _read)
