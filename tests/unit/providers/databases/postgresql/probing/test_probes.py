"""Questions about rows, asked of real servers."""

from collections.abc import Iterator

import pytest
from tests.unit.providers.databases.postgresql.looking import LIMIT, looks, somebody, soon

from smartspec_rollback.domain.schema_record import Answer, Question, QuestionKind
from smartspec_rollback.providers.databases.postgresql.probing.probes import answers, human
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch

_SHOP = """
CREATE SCHEMA "odd "" schema";
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN price AS numeric(10, 2) CHECK (VALUE >= 0);
CREATE TABLE makers (id int PRIMARY KEY, code int);
CREATE TABLE items (
    id bigint PRIMARY KEY, name text, label varchar(5), size int, maker int, maker_code int,
    mood mood, moods mood[], note jsonb DEFAULT '{}', price price DEFAULT 1.5,
    made timestamptz DEFAULT now(), data json, "per cent %s" int);
INSERT INTO makers VALUES (1, 10), (2, 20);
INSERT INTO items
    (id, name, label, size, maker, maker_code, mood, moods, note, price, "per cent %s")
VALUES (1, 'a', 'abc', 5, 1, 10, 'good', '{good}', '{}', 1.5, 1),
       (2, 'a', 'abcde', -7, 2, 99, 'bad', '{good,bad}', '{"x": 1}', 2, NULL),
       (3, NULL, NULL, 3000, 7, 70, NULL, NULL, NULL, NULL, NULL),
       (3000000000, NULL, 'éééé', NULL, NULL, 70, 'bad', '{}', '{}', 1.50, 5);
CREATE TABLE "odd "" schema"."t""; DROP TABLE makers; --" ("c""1" int);
INSERT INTO "odd "" schema"."t""; DROP TABLE makers; --" VALUES (NULL), (1);
CREATE TABLE parted (id int, name text) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
INSERT INTO parted SELECT n, NULL FROM generate_series(1, 9) AS n;
CREATE VIEW seen AS SELECT * FROM items;
"""

_CASES = [
    ("nulls", "public.items", ("name",), (), 2),
    ("nulls", "public.parted", ("name",), (), 9),
    ("nulls", 'odd " schema.t"; DROP TABLE makers; --', ('c"1',), (), 1),
    ("nulls", "public.items", ("per cent %s",), (), 2),
    ("longer", "public.items", ("label",), ("4",), 1),
    ("longer", "public.items", ("label",), ("3",), 2),
    ("longer", "public.items", ("moods",), ("3",), 2),
    ("outside", "public.items", ("id",), ("-2147483648", "2147483647"), 1),
    ("outside", "public.items", ("size",), ("0", ""), 1),
    ("outside", "public.items", ("price",), ("0", "1.75"), 1),
    ("other-labels", "public.items", ("mood",), ("good",), 2),
    ("other-labels", "public.items", ("moods",), ("good",), 1),
    ("other-labels", "public.items", ("mood",), ("good", "bad"), 0),
    ("other-labels", "public.items", ("mood",), (), 3),
    ("duplicates", "public.items", ("name",), (), 1),
    ("duplicates", "public.items", ("name",), ("nulls alike",), 2),
    ("duplicates", "public.items", ("name", "mood"), (), 0),
    ("violations", "public.items", (), ("(size > 0)",), 1),
    ("violations", "public.items", (), ("char_length(name) > 3 -- why",), 2),
    ("violations", "public.items", (), ("((name)::text ~~ 'b%%'::text)",), 2),
    ("violations", "public.items", (), ("(name <> ';'::text)",), 0),
    ("orphans", "public.items", ("maker",), ("public.makers", "id"), 1),
    ("orphans", "public.items", ("maker", "maker_code"), ("public.makers", "id", "code"), 2),
    ("rows", "public.items", (), (), 4),
    ("set", "public.items", ("name",), (), 2),
    ("set", "public.items", ("note",), ("'{}'::jsonb",), 1),
    ("set", "public.items", ("price",), ("1.5",), 1),
    ("set", "public.items", ("made",), ("now()",), 4),
    ("set", "public.items", ("id",), ("nextval('s'::regclass)",), 4),
    ("set", "public.items", ("data",), ("'{}'::json",), 0),
]

_UNKNOWN = [
    ("rows", "public.gone", (), (), "no table"),
    ("rows", "public.seen", (), (), "a view"),
    ("nulls", "public.items", ("gone",), (), "no column gone"),
    ("nulls", "public.items", (), (), "names no column"),
    ("longer", "public.items", ("name",), ("1; DROP TABLE items",), "no number"),
    ("longer", "public.items", ("name",), (), "arguments"),
    ("outside", "public.items", ("size",), ("NaN", "1)) OR (1"), "no number"),
    ("outside", "public.items", ("name",), ("0", "1"), "22P02"),
    ("duplicates", "public.items", ("data",), (), "42883"),
    ("orphans", "public.items", ("maker",), ("public.gone", "id"), "no table"),
    ("orphans", "public.items", ("maker",), ("public.makers",), "which columns"),
    ("orphans", "public.items", ("maker",), (), "which columns"),
    ("violations", "public.items", (), ("true); DELETE FROM items; --",), "not one SQL"),
    ("violations", "public.items", (), ("true; COMMIT",), "not one SQL"),
    ("violations", "public.items", (), ("1 = 1) OR (2 = 2",), "not one SQL"),
    ("violations", "public.items", (), ("true FROM makers",), "not one SQL"),
    ("violations", "public.items", (), ("id > 1, true",), "not one SQL"),
    ("violations", "public.items", (), ("(SELECT true)",), "a subquery"),
    ("violations", "public.items", (), ("pg_sleep(9) IS NULL",), "pg_sleep"),
    ("violations", "public.items", (), ("pg_catalog.pg_terminate_backend(1)",), "terminate"),
    ("violations", "public.items", (), ("gone(1)",), "gone"),
    ("violations", "public.items", (), ("(" * 6000 + "true" + ")" * 6000,), "not one SQL"),
    ("written", "public.items", (), (), "no mark"),
]


def _question(
    kind: str, relation: str, columns: tuple[str, ...] = (), arguments: tuple[str, ...] = ()
) -> Question:
    return Question(
        kind=QuestionKind(kind), relation=relation, columns=columns, arguments=arguments
    )


def _ask(url: str, *questions: Question, limit: int = LIMIT) -> tuple[Answer, ...]:
    return answers(looks(url), questions, since=None, limit=limit, deadline=soon())


@pytest.fixture(params=["postgres15", "scratch"])
def shop(request: pytest.FixtureRequest) -> Iterator[str]:
    """Make the shop's database on each server."""
    server: Scratch = request.getfixturevalue(request.param)
    with server.database() as url:
        with somebody(url) as owner:
            owner.execute(_SHOP)
        yield url


def test_every_question_is_answered_by_the_exact_number(shop: str) -> None:
    """A rollback is judged by wrong figures."""
    asked = [_question(*case[:4]) for case in _CASES]
    for question, answer, case in zip(asked, _ask(shop, *asked), _CASES, strict=True):
        assert answer.question == question
        assert (answer.rows, answer.exact) == (case[4], True), (case, answer.reason)
        assert answer.how


def test_what_cannot_be_counted_is_unknown_with_the_reason(shop: str) -> None:
    """A question that cannot be answered, or that a tampered snapshot asks, counts as none."""
    asked = [_question(*case[:4]) for case in _UNKNOWN]
    for answer, case in zip(_ask(shop, *asked), _UNKNOWN, strict=True):
        assert answer.rows is None, case
        assert case[4] in answer.reason, (case, answer.reason)
    with somebody(shop) as owner:
        assert owner.execute("SELECT count(*) FROM items, makers").fetchone() == (8,)


def test_a_table_above_the_limit_is_not_read(shop: str) -> None:
    """A large production table is scanned in the middle of an incident."""
    names = ("public.parted", "public.items")
    for name, answer in zip(
        names, _ask(shop, *[_question("rows", n) for n in names], limit=4096), strict=True
    ):
        assert answer.rows is None
        assert answer.reason.startswith(f"{name} is ")
        assert answer.reason.endswith("above the limit of 4 kB")


def test_sizes_are_written_for_people() -> None:
    """The reason names a size nobody can read."""
    assert [human(n) for n in (12 * 2**30, 256 * 2**20, 1536, 7)] == [
        "12 GB",
        "256 MB",
        "1.5 kB",
        "7 bytes",
    ]


def test_rows_hidden_from_us_make_the_answer_unknown(shop: str) -> None:
    """Row-level security or a missing privilege hides rows, and the count calls them absent."""
    with somebody(shop) as owner:
        owner.execute("CREATE ROLE looker LOGIN")
        try:
            owner.execute("GRANT SELECT ON makers TO looker")
            owner.execute("ALTER TABLE makers ENABLE ROW LEVEL SECURITY")
            url = shop.replace("postgres@", "looker@")
            hidden, denied = _ask(
                url, _question("rows", "public.makers"), _question("rows", "public.items")
            )
            assert (hidden.rows, denied.rows) == (None, None)
            assert "permission" in hidden.reason
            assert "permission" in denied.reason
        finally:
            owner.execute("DROP OWNED BY looker; DROP ROLE looker")


def test_a_lock_held_by_somebody_else_is_not_waited_for(shop: str) -> None:
    """Our question waits behind a migration, or makes the application wait behind us."""
    with somebody(shop) as migration, somebody(shop) as third:
        migration.execute("BEGIN; LOCK TABLE items IN ACCESS EXCLUSIVE MODE")
        locked, free = _ask(
            shop, _question("rows", "public.items"), _question("rows", "public.makers")
        )
        held = third.execute(
            "SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) "
            "WHERE a.application_name = 'smartspec'"
        ).fetchone()
        migration.execute("ROLLBACK")
    assert locked.rows is None
    assert "locked by another session" in locked.reason
    assert free.rows == 2
    assert held == (0,)


def test_a_waiting_migration_is_not_held_up_by_a_question_that_is_over(shop: str) -> None:
    """A lock is kept beyond its question: an ALTER waits for us, and everybody waits for it."""
    look = looks(shop)
    seen: list[object] = []

    def watched() -> object:
        seen.append(_try_to_alter(shop))
        return look()

    asked = tuple(_question("rows", "public.items") for _ in range(3))
    given = answers(watched, asked, since=None, limit=LIMIT, deadline=soon())  # type: ignore[arg-type]  # it returns what look returns
    assert [answer.rows for answer in given] == [4, 4, 4]
    assert seen == ["altered"] * 3


def _try_to_alter(url: str) -> str:
    with somebody(url) as migration:
        migration.execute("SET lock_timeout = '1ms'")
        migration.execute("ALTER TABLE items ALTER COLUMN size SET DEFAULT 1")
    return "altered"


def test_without_time_nothing_is_asked(shop: str) -> None:
    """An incident's deadline is overrun by counting."""
    (answer,) = answers(
        looks(shop), (_question("rows", "public.items"),), since=None, limit=LIMIT, deadline=soon(0)
    )
    assert answer.rows is None
    assert "time" in answer.reason
