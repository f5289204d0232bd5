"""Read a SQLite file's schema: from its own table of texts, and from PRAGMAs.

Called by ``database``. Types are given as they were declared; SQLite holds nobody to them.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any

from smartspec_rollback.domain.catalog import (
    Catalog,
    Column,
    Constraint,
    ConstraintKind,
    Index,
    Relation,
    RelationKind,
    Trigger,
)
from smartspec_rollback.providers.databases.dialects.names import HOME
from smartspec_rollback.providers.databases.sqlite import definitions
from smartspec_rollback.providers.databases.sqlite.connection import Connection
from smartspec_rollback.providers.databases.sqlite.definitions import Definition

_OLDEST = (3, 31, 0)
_COMPUTED = (2, 3)
_HIDDEN = 1
_OBJECTS = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY rowid"
_XINFO = 'SELECT name, type, "notnull", dflt_value, pk, hidden, cid FROM pragma_table_xinfo(?)'
_INDEXES = 'SELECT name, "unique", origin, partial FROM pragma_index_list(?) ORDER BY seq'
_INDEXED = "SELECT name FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno"
_FOREIGN = (
    'SELECT id, "table", "from", "to", on_delete FROM pragma_foreign_key_list(?) ORDER BY id, seq'
)


def read(connection: Connection) -> Catalog:
    """Read everything in one transaction, so that it is of one moment."""
    connection.execute("BEGIN")
    objects = connection.execute(_OBJECTS).fetchall()
    reader = _Reader(connection, objects)
    relations = tuple(reader.relations())
    connection.execute("ROLLBACK")
    return Catalog(
        kind="sqlite",
        version=sqlite3.sqlite_version,
        search_path=(HOME,),
        schemas=(HOME,),
        relations=relations,
        notes=tuple(reader.notes),
    )


class _Reader:
    """One reading; ``notes`` say what is not modelled."""

    def __init__(self, connection: Connection, objects: list[Any]) -> None:
        self._connection = connection
        self._objects = objects
        self._texts = {name: sql for kind, name, _, sql in objects if kind == "index"}
        self.notes: list[str] = []
        if sqlite3.sqlite_version_info < _OLDEST:
            self.notes.append(f"SQLite {sqlite3.sqlite_version} does not tell of computed columns")

    def relations(self) -> Iterator[Relation]:
        """Go through tables and views, those SQLite keeps for itself left out."""
        virtual = [n for k, n, _, sql in self._objects if k == "table" and _is_virtual(sql)]
        for kind, name, _, sql in self._objects:
            if kind not in ("table", "view") or name.startswith("sqlite_"):
                continue
            if any(name.startswith(f"{each}_") and name != each for each in virtual):
                continue  # a virtual table's own store
            if name in virtual:
                self.notes.append(f"{name} is a virtual table: what its module does is not known")
            try:
                yield self._relation(kind, name, sql)
            except sqlite3.OperationalError as error:
                if "no such" not in str(error):
                    raise
                # A view of what is gone, or a module that is not loaded here.
                self.notes.append(f"{name} could not be read: {error}")

    def _relation(self, kind: str, name: str, sql: str) -> Relation:
        found = self._ask(_XINFO, name)
        names = frozenset(str(row[0]).lower() for row in found)
        is_table = kind == "table"
        definition = definitions.read(sql, names) if is_table else Definition()
        columns = _columns(found, definition, sql if is_table else "")
        return Relation(
            schema=HOME,
            name=name,
            kind=RelationKind.TABLE if is_table else RelationKind.VIEW,
            columns=columns,
            constraints=tuple(self._constraints(name, columns, found, definition)),
            indexes=tuple(self._indexes(name)),
            triggers=tuple(
                Trigger(name=n, definition=text, function=None, events=definitions.events(text))
                for k, n, table, text in self._objects
                if k == "trigger" and table.lower() == name.lower()
            ),
            definition=None if is_table else definitions.body(sql),
            updatable=is_table,
        )

    def _constraints(
        self, table: str, columns: tuple[Column, ...], found: list[Any], definition: Definition
    ) -> Iterator[Constraint]:
        key = tuple(row[0] for row in sorted(found, key=lambda row: row[4]) if row[4])
        if key:
            yield _key(f"{table}_pkey", ConstraintKind.PRIMARY_KEY, key)
        for name, _, origin, _ in self._ask(_INDEXES, table):
            if origin == "u":
                held = self._index_columns(name)
                yield _key(_behind(origin, table, held) or name, ConstraintKind.UNIQUE, held)
        for number, check in enumerate(definition.checks, start=1):
            yield Constraint(
                name=check.name or f"{table}_check{number}",
                kind=ConstraintKind.CHECK,
                columns=tuple(c.name for c in columns if c.name.lower() in check.words),
                definition=f"CHECK ({check.predicate})",
                predicate=check.predicate,
            )
        yield from self._foreign_keys(table)

    def _foreign_keys(self, table: str) -> Iterator[Constraint]:
        keys: dict[int, list[Any]] = {}
        for row in self._ask(_FOREIGN, table):
            keys.setdefault(row[0], []).append(row)
        for parts in keys.values():
            own = tuple(str(row[2]) for row in parts)
            target, on_delete = str(parts[0][1]), str(parts[0][4]).lower()
            theirs = tuple(str(row[3]) for row in parts if row[3] is not None)
            theirs = theirs or self._primary_key(target)
            yield Constraint(
                name=f"{table}_{'_'.join(own)}_fkey",
                kind=ConstraintKind.FOREIGN_KEY,
                columns=own,
                definition=f"FOREIGN KEY ({', '.join(own)}) REFERENCES {target} "
                f"({', '.join(theirs)}) ON DELETE {on_delete.upper()}",
                references=f"{HOME}.{target}",
                referenced_columns=theirs,
                on_delete=on_delete,
                # Whether rows are held to it is a setting of each connection.
                validated=False,
            )

    def _primary_key(self, table: str) -> tuple[str, ...]:
        rows = sorted((row for row in self._ask(_XINFO, table) if row[4]), key=lambda row: row[4])
        return tuple(str(row[0]) for row in rows)

    def _indexes(self, table: str) -> Iterator[Index]:
        for name, unique, origin, partial in self._ask(_INDEXES, table):
            text = self._texts.get(name, "")
            held = self._index_columns(name)
            where = definitions.condition(text) if partial else None
            yield Index(
                name=name,
                columns=held,
                unique=bool(unique),
                definition=text or f"UNIQUE ({', '.join(held)})",
                predicate=where,
                constraint=_behind(origin, table, held),
            )

    def _index_columns(self, name: str) -> tuple[str, ...]:
        return tuple(row[0] if row[0] is not None else "(…)" for row in self._ask(_INDEXED, name))

    def _ask(self, query: str, *values: str) -> list[Any]:
        return self._connection.execute(query, values).fetchall()


def _columns(found: list[Any], definition: Definition, sql: str) -> tuple[Column, ...]:
    """Make the columns; a lone INTEGER PRIMARY KEY is the row's own number and fills itself."""
    computed, collations = dict(definition.computed), dict(definition.collations)
    words = [t.text for t in definitions.tokens(sql) if t.kind == "word"]
    plain_rows = "without" not in words[-4:]
    keys = [row for row in found if row[4]]
    columns = []
    for name, declared, not_null, default, key, hidden, place in found:
        if hidden == _HIDDEN:
            continue
        folded = str(name).lower()
        number = plain_rows and len(keys) == 1 and bool(key) and declared.upper() == "INTEGER"
        columns.append(
            Column(
                name=name,
                type=declared,
                nullable=not (not_null or number or (key and not plain_rows)),
                position=place + 1,
                default=default,
                generated=computed.get(folded, "") if hidden in _COMPUTED else None,
                identity="by default" if number else None,
                own_collation=collations.get(folded),
            )
        )
    return tuple(columns)


def _key(name: str, kind: ConstraintKind, columns: tuple[str, ...]) -> Constraint:
    spelled = f"{kind.value.upper()} ({', '.join(columns)})"
    return Constraint(name=name, kind=kind, columns=columns, definition=spelled)


def _is_virtual(sql: str) -> bool:
    return [t.text for t in definitions.tokens(sql)[:2]] == ["create", "virtual"]


def _behind(origin: str, table: str, columns: tuple[str, ...]) -> str | None:
    """Name the constraint an index is there for; SQLite gives it no name of its own."""
    names = {"u": f"{table}_{'_'.join(columns)}_key", "pk": f"{table}_pkey"}
    return names.get(origin)
