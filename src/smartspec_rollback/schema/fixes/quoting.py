"""Names and texts as SQL spells them, for each kind of database.

Called by the fixes. A name comes from a recorded catalog and may hold anything; what leaves here is
always one identifier or one literal.
"""

import re
from collections.abc import Iterable

from smartspec_rollback.domain.catalog import Relation

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
# Every keyword of PostgreSQL 18 that is reserved in some place (pg_get_keywords, catcode not U).
_KEYWORDS = """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit
    boolean both case cast char character check coalesce collate collation column concurrently
    constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user dec decimal default deferrable desc distinct do else end except
    exists extract false fetch float for foreign freeze from full grant greatest group grouping
    having ilike in initially inner inout int integer intersect interval into is isnull join json
    json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar
    json_serialize json_table json_value lateral leading least left like limit localtime
    localtimestamp merge_action national natural nchar none normalize not notnull null nullif
    numeric offset on only or order out outer overlaps overlay placing position precision primary
    real references returning right row select session_user setof similar smallint some substring
    symmetric system_user table tablesample then time timestamp to trailing treat trim true union
    unique user using values varchar variadic verbose when where window with xmlattributes
    xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize
    xmltable
"""
_RESERVED = frozenset(_KEYWORDS.split())
POSTGRESQL, MYSQL, MARIADB, SQLITE = "postgresql", "mysql", "mariadb", "sqlite"


def is_mysql(kind: str) -> bool:
    """Tell whether a catalog's kind speaks MySQL's dialect."""
    return kind in (MYSQL, MARIADB)


def name(kind: str, identifier: str) -> str:
    """Quote an identifier: where needed for PostgreSQL, always for the others."""
    if is_mysql(kind):
        return "`" + identifier.replace("`", "``") + "`"
    if kind == POSTGRESQL and _PLAIN.fullmatch(identifier) and identifier not in _RESERVED:
        return identifier
    return '"' + identifier.replace('"', '""') + '"'


def names(kind: str, identifiers: Iterable[str]) -> str:
    """Quote a list of identifiers."""
    return ", ".join(name(kind, each) for each in identifiers)


def qualified(kind: str, relation: Relation) -> str:
    """Spell a relation with its schema; MySQL's ``main`` is the database one is connected to."""
    if is_mysql(kind) and relation.schema == "main":
        return name(kind, relation.name)
    return f"{name(kind, relation.schema)}.{name(kind, relation.name)}"


def literal(text: str) -> str:
    """Spell a string constant, for servers with standard_conforming_strings (the default)."""
    return "'" + text.replace("'", "''") + "'"


def remark(text: str) -> str:
    """Make a comment that ends where it is, even where all of a fix is shown on one line."""
    return f"/* {' '.join(text.split()).replace('*/', '* /').replace('/*', '/ *')} */"
