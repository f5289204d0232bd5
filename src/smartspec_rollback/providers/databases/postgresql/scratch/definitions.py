"""Write the SQL that makes a recorded Catalog again, stage by stage.

Called by ``materialise``; executes nothing. Names and expressions come from a recorded file and
are not trusted: names are quoted here, expressions and definitions cannot be, so ``materialise``
runs all of this in a scratch server, as a role that may do nothing outside of one database.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from smartspec_rollback.domain.catalog import (
    Catalog,
    Column,
    Constraint,
    ConstraintKind,
    DefinedType,
    Function,
    Relation,
    RelationKind,
    Sequence,
    TypeKind,
)
from smartspec_rollback.providers.databases.postgresql.naming import identifier, literal, quoted

_TABLES = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED, RelationKind.FOREIGN_TABLE})
_KEYS = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUDE})
_RUNNABLE = frozenset({"sql", "plpgsql"})
"""Languages whose functions can do nothing that their caller may not."""

_IDENTITY_INHERITED = 17


class Step(NamedTuple):
    """One command, and the object that is missing where it fails ("" if none worth naming)."""

    makes: str
    sql: str


def stages(catalog: Catalog, major: int) -> Iterator[tuple[Step, ...]]:
    """Give the commands in an order in which most of them succeed at once.

    What an extension owns is left out. ``major`` is the version of the server they are for.
    """
    tables = [r for r in catalog.relations if r.kind in _TABLES and r.extension is None]
    plain = [r for r in tables if r.kind is not RelationKind.PARTITIONED]
    cut = _deepest_first([r for r in tables if r.kind is RelationKind.PARTITIONED])
    names = {r.qualified: quoted(r.schema, r.name) for r in catalog.relations}
    parents = {r.qualified: r for r in cut}
    identities = {s.owned_by: s for s in catalog.sequences if s.identity}
    yield tuple(_types(catalog.types))
    yield tuple(Step(s.qualified, s.definition) for s in catalog.sequences if not s.identity)
    yield tuple(map(_function, _own(catalog)))
    yield tuple(_table(r, parents.get(r.partition_of or ""), identities, major) for r in tables)
    yield tuple(_defaults(tables))
    yield tuple(_owned(catalog))
    yield tuple(_constraints(plain, _KEYS, names))
    yield tuple(_indexes(plain))
    # A partition or child has to have what its parent demands before it becomes one.
    yield tuple(_constraints((*plain, *cut), {ConstraintKind.CHECK}, names))
    yield tuple(_families(tables, names))
    yield tuple(_constraints(cut, _KEYS, names))
    yield tuple(_indexes(cut))
    yield tuple(_constraints((*plain, *cut), {ConstraintKind.FOREIGN_KEY}, names))
    yield tuple(_views(catalog.relations))
    yield tuple(_guards(catalog.relations))


def _deepest_first(tables: list[Relation]) -> list[Relation]:
    """Order partitioned tables so that what each demands is there before its parent's."""
    parents = {t.qualified: t.partition_of for t in tables}

    def depth(table: Relation) -> int:
        steps, at = 0, table.partition_of
        while at is not None and steps < len(tables):
            steps, at = steps + 1, parents.get(at)
        return -steps

    return sorted(tables, key=depth)


def _own(catalog: Catalog) -> Iterator[Function]:
    """Leave out what an extension or, as its constructors, a range type brings along."""
    ranges = {t.schema for t in catalog.types if t.kind is TypeKind.RANGE}
    for each in catalog.functions:
        constructor = each.language == "internal" and each.schema in ranges
        if each.extension is None and each.kind != "aggregate" and not constructor:
            yield each


def _types(types: Iterable[DefinedType]) -> Iterator[Step]:
    for each in types:
        name = quoted(each.schema, each.name)
        if each.extension is not None:
            continue
        match each.kind:
            case TypeKind.ENUM:
                labels = ", ".join(map(literal, each.labels))
                yield Step(each.qualified, f"CREATE TYPE {name} AS ENUM ({labels})")
            case TypeKind.COMPOSITE:
                attributes = ", ".join(
                    f"{identifier(a.name)} {a.type}{_collate(a)}" for a in each.attributes
                )
                yield Step(each.qualified, f"CREATE TYPE {name} AS ({attributes})")
            case TypeKind.DOMAIN:
                words = [f"CREATE DOMAIN {name} AS {each.base}"]
                words += [f"DEFAULT {each.default}"] if each.default is not None else []
                words += [] if each.nullable else ["NOT NULL"]
                # Not-null constraints of 18 say what NOT NULL has said already.
                words += [c for c in each.checks if c.startswith("CHECK")]
                yield Step(each.qualified, " ".join(words))
            case TypeKind.RANGE:
                yield Step(each.qualified, each.definition or "")


def _function(function: Function) -> Step:
    if function.language in _RUNNABLE and function.definition is not None:
        return Step(function.signature, function.definition)
    return Step(function.signature, stub(function, raises=True))


def stub(function: Function, *, raises: bool) -> str:
    """Write a function with the same inputs that raises, or returns NULL."""
    inputs = []
    first_default = len(function.arguments) - function.defaults
    for n, type_ in enumerate(function.arguments):
        name = function.names[n] if n < len(function.names) else ""
        variadic = function.variadic and n == len(function.arguments) - 1
        words = ["VARIADIC"] if variadic else []
        words += [identifier(name)] if name else []
        words += [type_] if n < first_default or variadic else [type_, "DEFAULT NULL"]
        inputs.append(" ".join(words))
    head = f"{quoted(function.schema, function.name)}({', '.join(inputs)})"
    if function.kind == "procedure":
        return f"CREATE PROCEDURE {head} LANGUAGE plpgsql AS 'BEGIN NULL; END'"
    if raises:
        body = "LANGUAGE plpgsql AS 'BEGIN RAISE ''not available in a scratch copy''; END'"
    else:
        body = f"LANGUAGE sql AS {literal(f'SELECT NULL::{function.returns}')}"
    return f"CREATE FUNCTION {head} RETURNS {function.returns} {body}"


def _table(
    table: Relation,
    parent: Relation | None,
    identities: dict[str | None, Sequence],
    major: int,
) -> Step:
    columns = []
    for column in table.columns:
        words = [identifier(column.name), f"{column.type}{_collate(column)}"]
        if column.generated is not None:
            words.append(f"GENERATED ALWAYS AS ({column.generated}) STORED")
        inherited = parent is not None and major >= _IDENTITY_INHERITED
        if column.identity is not None and not inherited:
            sequence = identities.get(f"{table.qualified}.{column.name}")
            words.append(f"GENERATED {column.identity.upper()} AS IDENTITY{_options(sequence)}")
        if not column.nullable:
            words.append("NOT NULL")
        columns.append(" ".join(words))
    key = f" PARTITION BY {table.partition_key}" if table.partition_key else ""
    name = quoted(table.schema, table.name)
    return Step(table.qualified, f"CREATE TABLE {name} ({', '.join(columns)}){key}")


def _options(sequence: Sequence | None) -> str:
    """Take an identity column's sequence with its name and options."""
    if sequence is None:
        return ""
    name = quoted(sequence.schema, sequence.name)
    _, start, options = sequence.definition.rpartition(" START WITH ")
    return f" (SEQUENCE NAME {name}{start}{options})"


def _collate(column: Column) -> str:
    return f" COLLATE {column.own_collation}" if column.own_collation else ""


def _defaults(tables: Iterable[Relation]) -> Iterator[Step]:
    for table in tables:
        for column in table.columns:
            if column.default is not None:
                where = f"ALTER TABLE {quoted(table.schema, table.name)} ALTER COLUMN"
                yield Step(
                    f"default of {table.qualified}.{column.name}",
                    f"{where} {identifier(column.name)} SET DEFAULT {column.default}",
                )


def _owned(catalog: Catalog) -> Iterator[Step]:
    columns = {
        f"{r.qualified}.{c.name}": f"{quoted(r.schema, r.name)}.{identifier(c.name)}"
        for r in catalog.relations
        for c in r.columns
    }
    for sequence in catalog.sequences:
        if sequence.owned_by in columns and not sequence.identity:
            name = quoted(sequence.schema, sequence.name)
            yield Step("", f"ALTER SEQUENCE {name} OWNED BY {columns[sequence.owned_by]}")


def _constraints(
    tables: Iterable[Relation], kinds: Iterable[ConstraintKind], names: dict[str, str]
) -> Iterator[Step]:
    for table in tables:
        for each in table.constraints:
            if each.kind in kinds and _ours(each):
                yield Step(
                    f"{each.name} on {table.qualified}",
                    f"ALTER TABLE {names[table.qualified]} ADD CONSTRAINT "
                    f"{identifier(each.name)} {each.definition}",
                )


def _ours(constraint: Constraint) -> bool:
    """Leave out what is no constraint of a table by itself (triggers' are made with these)."""
    return not constraint.definition.startswith("TRIGGER")


def _indexes(tables: Iterable[Relation]) -> Iterator[Step]:
    for table in tables:
        for index in table.indexes:
            if index.constraint is None:
                # Only a unique index changes what statements come to.
                name = f"{index.name} on {table.qualified}" if index.unique else ""
                definition = index.definition.replace(" ON ONLY ", " ON ", 1)
                yield Step(name, definition)


def _families(tables: Iterable[Relation], names: dict[str, str]) -> Iterator[Step]:
    for table in tables:
        child = names[table.qualified]
        if table.partition_of in names:
            yield Step(
                table.qualified,
                f"ALTER TABLE {names[table.partition_of]} ATTACH PARTITION {child} "
                f"{table.partition_bound}",
            )
        for parent in table.inherits:
            if parent in names:
                yield Step(table.qualified, f"ALTER TABLE {child} INHERIT {names[parent]}")


def _views(relations: Iterable[Relation]) -> Iterator[Step]:
    for each in relations:
        name = quoted(each.schema, each.name)
        if each.extension is not None:
            continue
        columns = f" ({', '.join(identifier(c.name) for c in each.columns)})"
        if each.kind is RelationKind.VIEW:
            options = f" WITH ({', '.join(each.options)})" if each.options else ""
            yield Step(each.qualified, f"CREATE VIEW {name}{columns}{options} AS {each.definition}")
        if each.kind is RelationKind.MATERIALIZED_VIEW:
            yield Step(
                each.qualified,
                f"CREATE MATERIALIZED VIEW {name}{columns} AS {each.definition} WITH NO DATA",
            )
            yield from _indexes([each])


def _guards(relations: Iterable[Relation]) -> Iterator[Step]:
    """Give defaults of views, rules, triggers and row security."""
    for each in relations:
        if each.extension is not None:
            continue
        name = quoted(each.schema, each.name)
        if each.kind is RelationKind.VIEW:
            yield from _defaults([each])
        for rule in each.rules:
            yield Step(f"rule on {each.qualified}", rule)
        for trigger in each.triggers:
            yield Step(f"{trigger.name} on {each.qualified}", trigger.definition)
            if not trigger.enabled:
                yield Step("", f"ALTER TABLE {name} DISABLE TRIGGER {identifier(trigger.name)}")
        if each.row_security:
            yield Step(
                f"row security of {each.qualified}", f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"
            )
        if each.force_row_security:
            yield Step(
                f"row security of {each.qualified}", f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY"
            )
