"""What an application asks of its database: its statements, and what each of them touches.

Recorded with a deployment while its release is live, so that a later schema can be judged by what
this release really does. Made by database providers, read by ``schema``.
"""

import hashlib

from smartspec_rollback.domain.values import Value


class StatementText(Value):
    """One statement as some source has it, before any database looked at it.

    ``source`` is where it comes from (``pg_stat_statements``, ``.sqlx/query-0a.json``,
    ``queries.sql:12``). ``calls`` is how often it ran, None where the source cannot tell.
    ``parameters`` are the types the source itself states, None where it states none. ``problem``
    says why the text cannot be used (truncated, not UTF-8).
    """

    text: str
    source: str
    calls: int | None = None
    parameters: tuple[str, ...] | None = None
    problem: str | None = None

    @property
    def id(self) -> str:
        """A short name that is the same wherever the same text comes from."""
        return statement_id(self.text)


def statement_id(text: str) -> str:
    """Name a statement by its text, white space apart: 12 hexadecimal digits."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:12]


class ResultColumn(Value):
    """One column of a result, as the server describes it."""

    name: str
    type: str


class Use(Value):
    """What one statement does to one relation.

    ``relation`` is qualified, as it resolved on the schema it was recorded with. ``reads`` are the
    columns it reads anywhere; ``returns`` those that reach its result unchanged (result position is
    not told). ``inserts``: it inserts rows, giving the columns ``inserted`` and leaving
    all others to their defaults; ``inserted`` None: it gives values for all columns by position.
    ``updated`` are the columns it sets; ``nulls`` those it may set to NULL by a literal or by the
    lack of a default, ``not_nulls`` those it certainly never sets to NULL (a literal, now()).
    ``star``: it reads ``*``. ``arbiter``: the columns of ON CONFLICT (or ``(constraint_name,)``
    with ``arbiter_constraint``), None without one. ``unqualified`` are the column names it writes
    without a table before them, where more than one relation is in scope: a new column of that name
    in one of the others makes them ambiguous. ``beside`` are those other relations, qualified.
    ``captures`` are (relation, column) pairs: were that column added to that relation, the
    statement would still compile, and mean it instead (correlated subselects, NATURAL JOIN).
    ``literals`` are (column, text) pairs the statement compares with or writes as constants.
    """

    relation: str
    reads: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()
    inserts: bool = False
    inserted: tuple[str, ...] | None = ()
    updated: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    not_nulls: tuple[str, ...] = ()
    deletes: bool = False
    star: bool = False
    arbiter: tuple[str, ...] | None = None
    arbiter_constraint: bool = False
    unqualified: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    captures: tuple[tuple[str, str], ...] = ()
    literals: tuple[tuple[str, str], ...] = ()

    @property
    def writes(self) -> bool:
        """Whether it inserts, updates or deletes."""
        return self.inserts or self.deletes or bool(self.updated)

    @property
    def touched(self) -> frozenset[str]:
        """Every column it names in any way."""
        return frozenset((*self.reads, *self.returns, *(self.inserted or ()), *self.updated))


class Call(Value):
    """One function a statement calls, as written, with how many arguments."""

    name: str
    arguments: int


class Statement(Value):
    """One statement, with what a database and a parser know of it.

    ``parameters`` and ``results`` are the types the server gave it, None where it was not asked or
    refused. ``binds`` are the parameter types the server had to be told, an empty string where it
    found one by itself; None where it needed none. ``worked``: the server compiled it on the schema
    it was recorded with; None where it was not asked. ``problem`` says why it could not be
    described or understood. ``uses`` None: nothing is known of what it touches.
    """

    id: str
    text: str
    source: str
    calls: int | None = None
    parameters: tuple[str, ...] | None = None
    results: tuple[ResultColumn, ...] | None = None
    binds: tuple[str, ...] | None = None
    worked: bool | None = None
    problem: str | None = None
    uses: tuple[Use, ...] | None = None
    functions: tuple[Call, ...] = ()
    types: tuple[str, ...] = ()

    @property
    def understood(self) -> bool:
        """Whether all it does to a changed schema can be told; a part of it is not enough."""
        return self.worked is not False and self.uses is not None and self.problem is None


class Trial(Value):
    """What compiling one statement on a schema came to; nothing was executed.

    ``worked`` None: it could not be tried (a lock, a time limit, no connection), ``message`` says
    why. ``code`` is the server's (SQLSTATE ``42703``).
    """

    statement: str
    worked: bool | None
    code: str | None = None
    message: str = ""
    parameters: tuple[str, ...] | None = None
    results: tuple[ResultColumn, ...] | None = None


class Run(Value):
    """One statement executed on scratch copies of the schema before and after, and rolled back.

    ``before`` and ``after`` tell whether it worked there; ``same`` whether results and effects
    agree, None where that was not compared. ``values``: ``recorded`` rows of the application or
    ``made up``.
    """

    statement: str
    before: bool
    after: bool
    same: bool | None
    code: str | None = None
    message: str = ""
    values: str = "made up"


class Sample(Value):
    """Rows of one relation, recorded only where somebody switched that on (personal data).

    ``rows`` hold the columns' values as text, None for NULL, in the order of ``columns``.
    """

    relation: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


class ColumnProfile(Value):
    """What one column holds, in figures; recorded only where switched on.

    ``labels`` are its distinct values where there are at most 20. Lengths in characters.
    """

    relation: str
    column: str
    nulls: int
    rows: int
    longest: int | None = None
    low: str | None = None
    high: str | None = None
    labels: tuple[str, ...] | None = None
    keys: tuple[str, ...] = ()


class Workload(Value):
    """Every statement known of one release.

    ``gaps`` say what is known to be missing: evicted entries, truncated texts, unreadable files.
    """

    statements: tuple[Statement, ...] = ()
    gaps: tuple[str, ...] = ()
