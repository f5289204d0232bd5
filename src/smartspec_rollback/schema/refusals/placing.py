"""Where a server's message points: the tables, columns and types its names mean.

Called by ``failures``, ``workload.using`` and the rule about results. Looks among what the
statement touches first: a message names a table without its schema, or by the statement's own
alias.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from smartspec_rollback.domain.catalog import Column, DefinedType, Relation
from smartspec_rollback.domain.workload import Statement, Use
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.codes import Code
from smartspec_rollback.schema.matching import Match
from smartspec_rollback.schema.reading.sqltypes import type_in
from smartspec_rollback.schema.reading.type_changes import change

_QUOTED = re.compile(r'"((?:[^"]|"")+)"')


@dataclass(frozen=True)
class Cause:
    """The change behind a refusal: its code (a row, or one beside the rows) and its object.

    ``to`` is what a renamed thing is called now. ``changed`` False: nothing the message names is
    different in the two schemas.
    """

    code: int | Code
    object: str
    to: str = ""
    changed: bool = True


@dataclass(frozen=True)
class Refusal:
    """One statement that a server refused, with the names in what it said."""

    case: Case
    statement: Statement
    code: str
    message: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names in double quotes, in order."""
        return tuple(each.replace('""', '"') for each in _QUOTED.findall(self.message))

    @property
    def uses(self) -> tuple[Use, ...]:
        """What the statement touches."""
        return self.statement.uses or ()

    def after(self, word: str) -> str | None:
        """Return the quoted name behind ``word``."""
        found = re.search(rf'\b{word} "((?:[^"]|"")+)"', self.message)
        return found[1].replace('""', '"') if found else None

    def touched(self) -> Iterator[Relation]:
        """Go through the old relations the statement touches."""
        for use in self.uses:
            if (relation := self.case.old.get(use.relation)) is not None:
                yield relation

    def old_relation(self, named: str) -> Relation | None:
        """Find the old relation a message means by ``named``."""
        schema, _, bare = named.rpartition(".")
        for relation in self.touched():
            if relation.name == bare and schema in {"", relation.schema}:
                return relation
        return self.case.before.catalog.find(bare, schema or None) or self.case.old.get(named)

    def new_relation(self, named: str) -> Relation | None:
        """Find the new relation a message means by ``named``."""
        schema, _, bare = named.rpartition(".")
        for relation in self.touched():
            now = now_of(self.case, relation)
            if now is not None and now.name == bare and schema in {"", now.schema}:
                return now
        by_path = self.case.after.find(bare, schema or None)
        return by_path or next((r for r in self.case.after.relations if r.name == bare), None)

    def old_type(self, named: str) -> DefinedType | None:
        """Find the old type a message means by ``named``."""
        wanted = named.replace('"', "").removesuffix("[]")
        return next(
            (t for t in self.case.before.catalog.types if wanted in {t.qualified, t.name}), None
        )


def match_of(case: Case, relation: Relation) -> Match | None:
    """Return what became of an old table."""
    return next((m for m in case.matching.matches if m.old.qualified == relation.qualified), None)


def now_of(case: Case, relation: Relation) -> Relation | None:
    """Return what an old relation is now, under whatever name."""
    match = match_of(case, relation)
    return match.new if match is not None else case.new.get(relation.qualified)


def retyped(case: Case, statement: Statement, wanted: str | None = None) -> Cause | None:
    """Find the column of another type that a statement touches, called ``wanted`` if given."""
    for use in statement.uses or ():
        old = case.old.get(use.relation)
        new = now_of(case, old) if old is not None else None
        if old is None or new is None:
            continue
        for column in old.columns:
            named = column.name == wanted if wanted else (use.star or column.name in use.touched)
            now = new.column(column.name)
            if named and now is not None and (row := _row(case, column, now)) is not None:
                return Cause(row, f"{old.qualified}.{column.name}")
    return None


def _row(case: Case, old: Column, new: Column) -> int | None:
    what = change(type_in(case.before.catalog, old.type), type_in(case.after, new.type))
    return what.row if what is not None else None


def said(code: str | None, message: str) -> str:
    """Spell what a server said, the same wherever it is evidence: twice the same is shown once."""
    return f"{code or ''} {brief(message)}".strip()


def brief(message: str, limit: int = 300) -> str:
    """Bring a server's message on one line of bounded length."""
    text = " ".join(message.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
