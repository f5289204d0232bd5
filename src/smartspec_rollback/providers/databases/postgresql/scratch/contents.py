"""Read the rows of a scratch copy, and bring what depends on them up to date.

Called by ``rehearsing``, with a connection of ``access.OWNER``.
"""

from collections.abc import Iterable

from psycopg import pq

from smartspec_rollback.domain.catalog import Catalog, RelationKind
from smartspec_rollback.providers.databases.postgresql.naming import identifier, literal, quoted
from smartspec_rollback.providers.databases.postgresql.rehearsing.rows import (
    FILLABLE,
    Connection,
    Row,
)

_KEPT = 20


def held(connection: Connection, catalog: Catalog) -> dict[str, tuple[Row, ...]]:
    """Read some rows of every table, values as text."""
    found: dict[str, tuple[Row, ...]] = {}
    for table in catalog.relations:
        if table.kind not in FILLABLE or table.extension is not None:
            continue
        text = f"SELECT * FROM {quoted(table.schema, table.name)} LIMIT {_KEPT}"  # noqa: S608 # names are quoted
        result = connection.pgconn.exec_(text.encode())
        if result.status != pq.ExecStatus.TUPLES_OK:
            continue
        names = [(result.fname(n) or b"").decode() for n in range(result.nfields)]
        found[table.qualified] = tuple(
            {
                name: None if (value := result.get_value(row, n)) is None else value.decode()
                for n, name in enumerate(names)
            }
            for row in range(result.ntuples)
        )
    return found


def advance(connection: Connection, catalog: Catalog) -> None:
    """Set every sequence beyond the values that rows hold, whatever put them there."""
    columns = {f"{r.qualified}.{c.name}": (r, c) for r in catalog.relations for c in r.columns}
    commands = []
    for sequence in catalog.sequences:
        owner = columns.get(sequence.owned_by or "")
        if owner is None or owner[1].type not in {"smallint", "integer", "bigint"}:
            continue
        relation, column = owner
        name = literal(quoted(sequence.schema, sequence.name))
        commands.append(
            f"SELECT setval({name}, max({identifier(column.name)})) "  # noqa: S608 # names are quoted
            f"FROM {quoted(relation.schema, relation.name)} "
            f"HAVING max({identifier(column.name)}) > 0"
        )
    _each(connection, commands)


def refresh(connection: Connection, catalog: Catalog) -> None:
    """Fill the materialized views."""
    _each(
        connection,
        [
            f"REFRESH MATERIALIZED VIEW {quoted(r.schema, r.name)}"
            for r in catalog.relations
            if r.kind is RelationKind.MATERIALIZED_VIEW and r.extension is None
        ],
    )


def _each(connection: Connection, commands: Iterable[str]) -> None:
    """Execute what may fail without harm, one by one."""
    for command in commands:
        connection.pgconn.exec_(command.encode())
