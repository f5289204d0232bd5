"""Make the schema of a recorded Catalog in an empty scratch database.

Called by ``rehearsing``, with a connection of ``access.OWNER``: a recorded catalog holds code,
which must never run as a superuser. Whatever cannot be made is named, never passed over: a failure
that may come of it proves nothing.
"""

from collections.abc import Iterator, Sequence

import psycopg
from psycopg import pq

from smartspec_rollback.domain.catalog import Catalog, Extension, Function
from smartspec_rollback.providers.databases.postgresql.naming import identifier, literal, quoted
from smartspec_rollback.providers.databases.postgresql.scratch import access, definitions
from smartspec_rollback.providers.databases.postgresql.scratch.definitions import Step

Connection = psycopg.Connection[tuple[object, ...]]

_SETUP = (
    "SET check_function_bodies = off; SET search_path = ''; SET client_min_messages = error; "
    "SET statement_timeout = '5s'"
)
_AT_ONCE = 250
_BUILT_IN = frozenset({"plpgsql"})
_IGNORED = frozenset({"pg_stat_statements"})
"""What statements of an application do not need."""
_DOMAINS = {"citext": "citext"}
"""Extensions one type of which compiles as text does."""
_VALUES = {
    "uuid_generate_v1": "pg_catalog.gen_random_uuid()",
    "uuid_generate_v1mc": "pg_catalog.gen_random_uuid()",
    "uuid_generate_v4": "pg_catalog.gen_random_uuid()",
    "gen_random_uuid": "pg_catalog.gen_random_uuid()",
    "gen_random_bytes": "pg_catalog.decode(pg_catalog.md5(pg_catalog.random()::text), 'hex')",
    "crypt": "pg_catalog.md5($1 || $2)",
    "gen_salt": "pg_catalog.md5(pg_catalog.random()::text)",
}
"""What stands in for functions of extensions that cannot be had."""
_UNWRITABLE = ("internal", "cstring", "any", "trigger", "record", "SETOF", "TABLE", "handler", "_")


def materialise(catalog: Catalog, connection: Connection) -> tuple[str, ...]:
    """Make everything in an empty database; name what could not be made.

    The roles have to be there (``access.make_roles``), and ``connection`` to be in autocommit
    mode, as OWNER and with the database its own.
    """
    connection.execute(_SETUP)
    major = connection.info.server_version // 10000
    work = _Work(connection)
    for schema in catalog.schemas:
        work.one(Step(schema, f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}"))
    missing = [e for e in catalog.extensions if not _extend(work, e)]
    gone = {e.name for e in missing}
    for extension in missing:
        work.missing[f"extension {extension.name}"] = None
        work.stage(_stand_ins(extension, catalog.functions))
    for relation in catalog.relations:
        if relation.extension in gone:
            work.missing[relation.qualified] = None
    work.failed.clear()
    for stage in (*definitions.stages(catalog, major), *access.steps(catalog, major)):
        work.stage(stage)
    # Bodies of functions may rely on the application's path, and are looked into by some commands.
    path = ", ".join(map(identifier, catalog.search_path))
    work.finish()
    connection.execute("SELECT set_config('search_path', %s, false)", [path])
    work.finish()
    connection.execute("RESET ALL")
    return tuple(dict.fromkeys((*work.missing, *filter(None, (s.makes for s in work.failed)))))


def hand_over(catalog: Catalog, connection: Connection) -> None:
    """Give what is there already to the owners and grantees of a catalog."""
    connection.execute("SET search_path = ''")
    work = _Work(connection)
    _, owners, privileges = access.steps(catalog, connection.info.server_version // 10000)
    work.stage(owners)
    work.stage(privileges)
    connection.execute("RESET ALL")


class _Work:
    """Executes commands by the batch; what fails is tried again after what it may need."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.failed: list[Step] = []
        self.missing: dict[str, None] = {}

    def one(self, step: Step) -> bool:
        """Execute one command."""
        return self._execute((step,))

    def stage(self, steps: Sequence[Step]) -> None:
        """Execute these, and those left over from earlier stages."""
        self.failed = list(self._run((*self.failed, *steps)))

    def finish(self) -> None:
        """Try what is left over until nothing more can be made."""
        while self.failed:
            left = list(self._run(self.failed))
            if len(left) == len(self.failed):
                break
            self.failed = left

    def _run(self, steps: Sequence[Step]) -> Iterator[Step]:
        """Execute so many at once that none waits for thousands to be done in time."""
        for start in range(0, len(steps), _AT_ONCE):
            yield from self._halves(steps[start : start + _AT_ONCE])

    def _halves(self, steps: Sequence[Step]) -> Iterator[Step]:
        """Execute all at once, or else by halves; give those that failed."""
        if self._execute(steps):
            return
        if len(steps) == 1:
            yield steps[0]
            return
        half = len(steps) // 2
        yield from self._halves(steps[:half])
        yield from self._halves(steps[half:])

    def _execute(self, steps: Sequence[Step]) -> bool:
        # A line end between them, as a definition may end in a comment.
        text = "\n;\n".join(step.sql for step in steps)
        if "\0" in text:
            return False
        result = self._connection.pgconn.exec_(text.encode(errors="replace"))
        if result.status == pq.ExecStatus.FATAL_ERROR:
            if self._connection.pgconn.status == pq.ConnStatus.BAD:
                raise psycopg.OperationalError("the scratch server ended the connection")
            return False
        return True


def _extend(work: _Work, extension: Extension) -> bool:
    """Make an extension, if the server has it and lets OWNER have it."""
    if extension.name in _BUILT_IN | _IGNORED:
        return True
    name, schema = identifier(extension.name), identifier(extension.schema)
    command = f"CREATE EXTENSION IF NOT EXISTS {name} SCHEMA {schema}"
    return work.one(Step(extension.name, command))


def _stand_ins(extension: Extension, functions: Sequence[Function]) -> list[Step]:
    """Give a missing extension's simple types and functions, as far as statements compile."""
    steps = []
    if extension.name in _DOMAINS:
        name = quoted(extension.schema, _DOMAINS[extension.name])
        steps.append(Step("", f"CREATE DOMAIN {name} AS pg_catalog.text"))
    for function in functions:
        if function.extension != extension.name or function.kind != "function":
            continue
        if any(t.startswith(_UNWRITABLE) for t in (function.returns, *function.arguments)):
            continue
        steps.append(Step("", _stand_in(function)))
    return steps


def _stand_in(function: Function) -> str:
    value = _VALUES.get(function.name)
    text = definitions.stub(function, raises=False)
    if value is None:
        return text
    head, _, _ = text.rpartition(" LANGUAGE sql AS ")
    return f"{head} LANGUAGE sql VOLATILE AS {literal(f'SELECT {value}')}"
