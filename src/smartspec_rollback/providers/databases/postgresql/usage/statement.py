"""What a statement touches on a schema, worked out from its text alone.

Called by the PostgreSQL database and laboratory. Asks no server, so what the text does not tell
(what a function's body does, what a view reads, dynamic SQL) is not told here either. Whatever
cannot be resolved is a ``problem``, never an error.
"""

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.workload import Call, Statement, StatementText, Use
from smartspec_rollback.providers.databases.postgresql.parsing import Parsed, parse
from smartspec_rollback.providers.databases.postgresql.usage.names import Names
from smartspec_rollback.providers.databases.postgresql.usage.write import Writes

_SHOWN = 3


class Understood(Value):
    """What came of reading one statement.

    ``uses`` None: nothing can be said. A ``problem`` beside uses: they may be incomplete. ``text``
    is what a server can be asked to prepare: placeholders of other styles are ``$n`` in it.
    ``types`` are those it names in casts, qualified where somebody defined them.
    """

    text: str
    uses: tuple[Use, ...] | None
    functions: tuple[Call, ...] = ()
    types: tuple[str, ...] = ()
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


def uses_of(text: str, catalog: Catalog) -> Understood:
    """Work out what ``text`` (one or several statements) touches on ``catalog``."""
    parsed = parse(text)
    if parsed.problem is not None:
        return Understood(text=parsed.text, uses=None, problem=parsed.problem)
    try:
        return _resolve(parsed, _Latest.of(catalog))
    except RecursionError:
        return Understood(text=parsed.text, uses=None, problem="it is nested too deeply")
    except LookupError as error:
        # The grammar grows with every release: a node of a shape not known here must not stop an
        # incident's rollback, and must not look like a statement that touches nothing either.
        problem = f"it has a part that is not known here ({error})"
        return Understood(text=parsed.text, uses=None, problem=problem)


def _resolve(parsed: Parsed, names: Names) -> Understood:
    resolver = Writes(names)
    for tree in parsed.trees:
        resolver.statement(tree)
    record = resolver.record
    problems = [*record.problems]
    if len(problems) > _SHOWN:
        problems[_SHOWN:] = [f"and {len(problems) - _SHOWN} more"]
    uses = record.uses()
    return Understood(
        text=parsed.text,
        uses=uses if uses or not problems else None,
        functions=tuple(record.calls),
        types=tuple(record.types),
        problem="; ".join(problems) or None,
    )


def understand(texts: tuple[StatementText, ...], catalog: Catalog) -> tuple[Statement, ...]:
    """Make a Statement of each text, in order; types are not known, no server was asked."""
    return tuple(_statement(text, catalog) for text in texts)


def _statement(text: StatementText, catalog: Catalog) -> Statement:
    if text.problem is not None:
        found = Understood(text=text.text, uses=None, problem=text.problem)
    else:
        found = uses_of(text.text, catalog)
    return Statement(
        id=text.id,
        text=found.text,
        source=text.source,
        calls=text.calls,
        parameters=text.parameters,
        problem=found.problem,
        uses=found.uses,
        functions=found.functions,
        types=found.types,
    )
