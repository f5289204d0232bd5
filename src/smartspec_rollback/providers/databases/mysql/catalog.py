"""Read a MySQL or MariaDB database's schema from information_schema.

Called by ``database``. Everything is in the one schema ``main``, whatever the database is called,
so that copies under other names can be compared. Locks nobody out: information_schema reads
definitions, not rows.
"""

from collections.abc import Iterator
from typing import Any

from smartspec_rollback.domain.catalog import Catalog, Function, Relation, RelationKind, Trigger
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.databases.dialects.names import HOME
from smartspec_rollback.providers.databases.mysql import queries
from smartspec_rollback.providers.databases.mysql.connection import Session
from smartspec_rollback.providers.databases.mysql.faults import Busy
from smartspec_rollback.providers.databases.mysql.parts import (
    Grouped,
    columns,
    constraints,
    grouped,
    indexes,
    partition_bound,
)

_STRICT = ("STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "TRADITIONAL")
_LOOSE = (
    "the server is not strict (sql_mode): what is left out of a NOT NULL column becomes 0 or '', "
    "and what does not fit is cut off, in silence"
)


def read(session: Session) -> Catalog:
    """Read everything; Busy where somebody changes the schema at the same time."""
    return _Reader(session).catalog()


class _Reader:
    """One reading; ``notes`` say what could not be read."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._notes: list[str] = []
        self._database, mode = session.ask(queries.SETTINGS)[0]
        if not any(each in str(mode) for each in _STRICT):
            self._notes.append(_LOOSE)

    def catalog(self) -> Catalog:
        tables = self._session.ask(queries.TABLES)
        all_columns = self._grouped(queries.COLUMNS)
        hidden = [str(row[0]) for row in tables if str(row[0]) not in all_columns]
        if self._session.warnings or hidden:
            # A definition that could not be opened has no columns here, and would look dropped.
            self._missing(hidden)
        relations = tuple(self._relations(tables, all_columns))
        return Catalog(
            kind="mysql",
            version=self._session.version,
            search_path=(HOME,),
            schemas=tuple(dict.fromkeys((HOME, str(self._database)))),
            relations=relations,
            functions=tuple(self._functions()),
            notes=tuple(self._notes),
        )

    def _missing(self, hidden: list[str]) -> None:
        """Note views that are broken; a table that cannot be opened is being changed."""
        views = {str(row[0]) for row in self._session.ask(queries.VIEWS)}
        if any(name not in views for name in hidden):
            raise Busy(
                "the schema could not be read as a whole: somebody changes it",
                remedy="try again when the migration is over",
            )
        self._notes += [f"the view {name} names what is not there" for name in hidden]

    def _relations(self, tables: list[Any], all_columns: Grouped) -> Iterator[Relation]:
        views = self._grouped(queries.VIEWS)
        kinds, keys = self._grouped(queries.CONSTRAINTS), self._grouped(queries.KEYS)
        references, checks = self._grouped(queries.REFERENCES), self._checks()
        held, triggers = self._grouped(queries.INDEXES), self._grouped(queries.TRIGGERS)
        parts = self._grouped(queries.PARTITIONS)
        for name, kind, rows, size, comment in tables:
            made = columns(all_columns.get(name, []), mariadb=self._session.mariadb)
            if kind == "SEQUENCE":
                self._notes.append(f"{name} is a sequence: not compared")
                continue
            if name in views:
                yield self._view(name, made, views[name][0])
                continue
            cut = parts.get(name, [])
            yield Relation(
                schema=HOME,
                name=name,
                kind=RelationKind.PARTITIONED if cut else RelationKind.TABLE,
                columns=made,
                constraints=constraints(
                    kinds.get(name, []),
                    keys.get(name, []),
                    references.get(name, []),
                    checks.get(name, []),
                    database=str(self._database),
                ),
                indexes=indexes(held.get(name, []), kinds.get(name, [])),
                triggers=tuple(self._triggers(triggers.get(name, []))),
                rows=None if rows is None else int(rows),
                size=None if size is None else int(size),
                partition_key=f"{cut[0][1]} ({cut[0][2]})" if cut else None,
                comment=comment or None,
            )
            yield from self._partitions(name, made, cut)

    def _partitions(self, table: str, made: Any, cut: list[Any]) -> Iterator[Relation]:
        """Give partitions as relations of their own, as other databases have them."""
        previous = "MINVALUE"
        for partition, method, _, described in cut:
            bound, previous = partition_bound(method, described, previous)
            yield Relation(
                schema=HOME,
                name=f"{table}#{partition}",
                kind=RelationKind.TABLE,
                columns=made,
                partition_of=f"{HOME}.{table}",
                partition_bound=bound,
            )

    def _view(self, name: str, made: Any, row: Any) -> Relation:
        definition, check_option, updatable, security = row
        if not definition:
            self._notes.append(f"what the view {name} is may not be read: grant SHOW VIEW")
        options = [] if check_option in (None, "NONE") else [f"check_option={check_option.lower()}"]
        if security == "INVOKER":
            options.append("security_invoker=true")
        return Relation(
            schema=HOME,
            name=name,
            kind=RelationKind.VIEW,
            columns=made,
            definition=self._own(definition or ""),
            updatable=updatable == "YES",
            options=tuple(options),
        )

    def _triggers(self, rows: list[Any]) -> Iterator[Trigger]:
        for name, timing, event, statement in rows:
            yield Trigger(
                name=name,
                definition=f"{timing} {event} FOR EACH ROW {self._own(statement or '')}",
                function=None,
                events=(str(event).lower(),),
            )

    def _functions(self) -> Iterator[Function]:
        parameters = self._grouped(queries.PARAMETERS)
        for specific, name, kind, returns, body, security in self._session.ask(queries.ROUTINES):
            if body is None:
                self._notes.append(f"what the {str(kind).lower()} {name} does may not be read")
            inputs = parameters.get(specific, [])
            yield Function(
                schema=HOME,
                name=name,
                kind=str(kind).lower(),
                arguments=tuple(str(each[1]) for each in inputs),
                names=tuple(str(each[0] or "") for each in inputs),
                returns=str(returns or ""),
                language="sql",
                definition=None if body is None else self._own(body),
                security_definer=security == "DEFINER",
            )

    def _checks(self) -> Grouped:
        """Read the checks; servers too old to have any have no table of them either."""
        mariadb = self._session.mariadb
        try:
            return self._grouped(queries.CHECKS_OF_MARIADB if mariadb else queries.CHECKS_OF_MYSQL)
        except Busy:
            raise
        except ProviderError as error:
            self._notes.append(f"CHECK constraints could not be read: {error.what}")
            return {}

    def _grouped(self, query: str) -> Grouped:
        return grouped(self._session.ask(query))

    def _own(self, text: str) -> str:
        """Leave the database's own name out of a definition, as every other name does."""
        return text.replace(f"`{self._database}`.", "")
