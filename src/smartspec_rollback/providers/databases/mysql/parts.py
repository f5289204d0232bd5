"""Make columns, constraints and indexes of the rows information_schema gives.

Used by ``catalog``; pure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from smartspec_rollback.domain.catalog import Column, Constraint, ConstraintKind, Index
from smartspec_rollback.providers.databases.dialects.names import HOME

Rows = list[tuple[Any, ...]]
Grouped = dict[str, Rows]
"""Rows by the name they are about, which is left out of them."""

_COMPUTED = re.compile(
    r"(?:STORED|VIRTUAL|PERSISTENT) GENERATED|^(?:VIRTUAL|PERSISTENT)", re.IGNORECASE
)
_NOW = re.compile(r"(?:current_timestamp|now|localtimestamp)\b", re.IGNORECASE)
_NAME = re.compile(r"`((?:[^`]|``)+)`")
_INTRODUCED = re.compile(r"_(?:utf8mb[34]|utf8|latin1|ascii|binary|ucs2)(?=\\?')")
_KINDS: Mapping[str, ConstraintKind] = {
    "PRIMARY KEY": ConstraintKind.PRIMARY_KEY,
    "UNIQUE": ConstraintKind.UNIQUE,
    "FOREIGN KEY": ConstraintKind.FOREIGN_KEY,
}


def grouped(rows: Iterable[tuple[Any, ...]]) -> Grouped:
    """Group rows by their first column."""
    found: Grouped = {}
    for name, *rest in rows:
        found.setdefault(str(name), []).append(tuple(rest))
    return found


def columns(rows: Rows, *, mariadb: bool) -> tuple[Column, ...]:
    """Make a table's columns."""
    return tuple(_column(row, mariadb=mariadb) for row in rows)


def _column(row: tuple[Any, ...], *, mariadb: bool) -> Column:
    name, type_, nullable, position, default, extra, computed, collation, comment, _ = row
    extra = str(extra or "")
    generated = _plain(str(computed or "")) if _COMPUTED.search(extra) else None
    return Column(
        name=name,
        type=str(type_),
        nullable=nullable == "YES",
        position=int(position),
        default=None if generated is not None else _default(default, extra, mariadb=mariadb),
        generated=generated,
        identity="by default" if "auto_increment" in extra.lower() else None,
        own_collation=collation,
        comment=comment or None,
    )


def _default(default: Any, extra: str, *, mariadb: bool) -> str | None:
    """Spell a default as an expression: MariaDB does, MySQL gives constants without quotes."""
    if default is None:
        return None
    text = str(default)
    if mariadb:
        return None if text.upper() == "NULL" else text
    if "DEFAULT_GENERATED" in extra.upper() or _NOW.match(text) or text.startswith("b'"):
        return _plain(text)
    return "'" + text.replace("'", "''") + "'"


def _plain(text: str) -> str:
    """Undo what MySQL adds when it writes expressions down: charsets, escaped quotes."""
    return _INTRODUCED.sub("", text).replace("\\'", "'")


def constraints(
    kinds: Rows, keys: Rows, references: Rows, checks: Rows, *, database: str
) -> tuple[Constraint, ...]:
    """Make a table's constraints; of keys, ``keys`` has the columns in order."""
    of = grouped(keys)
    deletes = {str(name): str(rule).lower() for name, rule in references}
    found: list[Constraint] = []
    for name, kind in kinds:
        parts = of.get(str(name), [])
        if kind == "FOREIGN KEY":
            found += _foreign_key(str(name), parts, deletes.get(str(name)), database)
        elif kind in _KINDS:
            held = tuple(str(part[0]) for part in parts)
            spelled = f"{kind} ({', '.join(held)})"
            found.append(
                Constraint(name=str(name), kind=_KINDS[kind], columns=held, definition=spelled)
            )
    return (*found, *_checks(checks))


def _foreign_key(
    name: str, parts: Rows, on_delete: str | None, database: str
) -> Iterator[Constraint]:
    if not parts:
        return
    _, schema, target, _ = parts[0]
    own = tuple(str(part[0]) for part in parts)
    theirs = tuple(str(part[3]) for part in parts)
    home = HOME if schema == database else str(schema)
    yield Constraint(
        name=name,
        kind=ConstraintKind.FOREIGN_KEY,
        columns=own,
        definition=f"FOREIGN KEY ({', '.join(own)}) REFERENCES {target} ({', '.join(theirs)}) "
        f"ON DELETE {(on_delete or 'restrict').upper()}",
        references=f"{home}.{target}",
        referenced_columns=theirs,
        on_delete=on_delete,
    )


def _checks(rows: Rows) -> Iterator[Constraint]:
    for name, clause in rows:
        text = _plain(str(clause))
        yield Constraint(
            name=str(name),
            kind=ConstraintKind.CHECK,
            columns=tuple(dict.fromkeys(_NAME.findall(text))),
            definition=f"CHECK ({text})",
            predicate=_NAME.sub(_unquoted, text),
        )


def _unquoted(match: re.Match[str]) -> str:
    """Take the quotes off a plain name, as predicates of all databases are written."""
    return match[1] if re.fullmatch(r"[A-Za-z_]\w*", match[1]) else match[0]


def indexes(rows: Rows, kinds: Rows) -> tuple[Index, ...]:
    """Make a table's indexes; a part of a column, or an expression, stands as ``(…)``."""
    keys = {str(name) for name, kind in kinds if kind in ("UNIQUE", "PRIMARY KEY")}
    found = []
    for name, parts in grouped(rows).items():
        held = tuple("(…)" if c is None or sub is not None else str(c) for _, c, sub, _ in parts)
        unique = not int(parts[0][0])
        kind = str(parts[0][3])
        # A unique key on a part of a column says more than the constraint of its name would.
        whole = unique and name in keys and "(…)" not in held
        shown = ", ".join(f"{c}({sub})" if sub else str(c or "(…)") for _, c, sub, _ in parts)
        found.append(
            Index(
                name=name,
                columns=held,
                unique=unique,
                definition=f"{'UNIQUE ' if unique else ''}{kind} ({shown})",
                constraint=name if whole else None,
            )
        )
    return tuple(found)


def partition_bound(method: Any, described: Any, previous: str) -> tuple[str, str]:
    """Spell a partition's bound as other databases do; and where the next one begins."""
    text = str(described or "")
    if str(method).upper().startswith("RANGE"):
        high = text or "MAXVALUE"
        return f"FOR VALUES FROM ({previous}) TO ({high})", high
    if str(method).upper().startswith("LIST"):
        return ("DEFAULT" if text.upper() == "DEFAULT" else f"FOR VALUES IN ({text})"), previous
    return "DEFAULT", previous  # by hash or key: every value has a place
