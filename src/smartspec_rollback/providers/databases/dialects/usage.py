"""What a statement touches on a schema, worked out from its text alone.

Called by the databases and laboratories of MySQL and SQLite. Asks no server, so what the text does
not tell (what a procedure does, what a view reads) is not told here either. Whatever cannot be
resolved is a ``problem``, never an error.
"""

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.workload import Call, Statement, StatementText, Use
from smartspec_rollback.providers.databases.dialects.names import Names
from smartspec_rollback.providers.databases.dialects.parsing import Parsed, parse
from smartspec_rollback.providers.databases.dialects.writes import Writes

_SHOWN = 3


class Understood(Value):
    """What came of reading one statement.

    ``uses`` None: nothing can be said. A ``problem`` beside uses: they may be incomplete. ``text``
    is what a server can be asked to compile: placeholders of other styles are ``?`` in it.
    """

    text: str
    uses: tuple[Use, ...] | None
    functions: tuple[Call, ...] = ()
    problem: str | None = None


class _Latest:
    """Keeps the index of the catalog asked for last: statements come by the hundred."""

    names: Names | None = None

    @classmethod
    def of(cls, catalog: Catalog) -> Names:
        names = cls.names
        if names is None or names.catalog is not catalog:
            names = cls.names = Names(catalog)
        return names


def uses_of(text: str, catalog: Catalog, dialect: str) -> Understood:
    """Work out what ``text`` (one or several statements) touches on ``catalog``."""
    parsed = parse(text, dialect)
    if parsed.problem is not None:
        return Understood(text=parsed.text, uses=None, problem=parsed.problem)
    try:
        return _resolve(parsed, _Latest.of(catalog))
    except RecursionError:
        return Understood(text=parsed.text, uses=None, problem="it is nested too deeply")
    except (LookupError, AttributeError, TypeError) as error:
        # A tree of a shape not known here must not stop an incident's rollback, and must not look
        # like a statement that touches nothing either.
        problem = f"it has a part that is not known here ({type(error).__name__})"
        return Understood(text=parsed.text, uses=None, problem=problem)


def _resolve(parsed: Parsed, names: Names) -> Understood:
    resolver = Writes(names)
    for tree in parsed.trees:
        resolver.statement(tree, replaces=parsed.replaces)
    record = resolver.record
    problems = [*record.problems]
    if len(problems) > _SHOWN:
        problems[_SHOWN:] = [f"and {len(problems) - _SHOWN} more"]
    uses = record.uses()
    return Understood(
        text=parsed.text,
        uses=uses if uses or not problems else None,
        functions=tuple(record.calls),
        problem="; ".join(problems) or None,
    )


def understand(
    texts: tuple[StatementText, ...], catalog: Catalog, dialect: str
) -> tuple[Statement, ...]:
    """Make a Statement of each text, in order; no server was asked."""
    return tuple(_statement(text, catalog, dialect) for text in texts)


def _statement(text: StatementText, catalog: Catalog, dialect: str) -> Statement:
    if text.problem is not None:
        found = Understood(text=text.text, uses=None, problem=text.problem)
    else:
        found = uses_of(text.text, catalog, dialect)
    return Statement(
        id=text.id,
        text=found.text,
        source=text.source,
        calls=text.calls,
        parameters=text.parameters,
        problem=found.problem,
        uses=found.uses,
        functions=found.functions,
    )
