"""What another type of a result or a parameter means to a program that knows the old one.

Called by the rules about views, domains and results. A column's own change is weighed in
``rules.types``, where rows can be counted too.
"""

from smartspec_rollback.domain.comparison import SchemaVerdict
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.reading.sqltypes import Family, type_in
from smartspec_rollback.schema.reading.type_changes import Harm, change

_FOR_READERS = {
    Harm.READERS_PERHAPS: SchemaVerdict.ATTENTION,
    Harm.ALL_PERHAPS: SchemaVerdict.ATTENTION,
    Harm.FINE_DIGITS: SchemaVerdict.ATTENTION,
    Harm.READERS: SchemaVerdict.BREAKING,
    Harm.EVERYBODY: SchemaVerdict.BREAKING,
}
_NUMBERS = frozenset({Family.INTEGER, Family.EXACT, Family.FLOAT})


def of_result(case: Case, old: str, new: str) -> SchemaVerdict:
    """Judge a program that reads a value of type ``old`` and gets one of type ``new``."""
    what = change(type_in(case.before.catalog, old), type_in(case.after, new))
    return SchemaVerdict.SAFE if what is None else _FOR_READERS.get(what.harm, SchemaVerdict.SAFE)


def of_parameter(case: Case, old: str, new: str) -> SchemaVerdict:
    """Judge a program that sends a value of type ``old`` where ``new`` is wanted."""
    was, now = type_in(case.before.catalog, old), type_in(case.after, new)
    what = change(was, now)
    if what is None or what.harm in {Harm.NOBODY, Harm.LARGE_VALUES, Harm.READERS_PERHAPS}:
        return SchemaVerdict.SAFE
    takes_all = now.family is Family.TEXT or {was.family, now.family} <= _NUMBERS
    if what.harm is Harm.EVERYBODY and not takes_all:
        return SchemaVerdict.BREAKING
    return SchemaVerdict.ATTENTION
