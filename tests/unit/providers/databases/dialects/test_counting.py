"""Questions about rows become one harmless query each, or are refused."""

import pytest
from tests.unit.providers.databases.dialects.test_usage import SHOP

from smartspec_rollback.domain.catalog import Catalog
from smartspec_rollback.domain.schema_record import Question, QuestionKind
from smartspec_rollback.providers.databases.dialects.counting import (
    MYSQL,
    SQLITE,
    Subject,
    count,
)
from smartspec_rollback.providers.databases.dialects.predicates import refused
from smartspec_rollback.providers.databases.questions import Unanswerable

HOSTILE = (
    "(SELECT max(id) FROM items) > 1",
    "1); DELETE FROM items; --",
    "id = @a",
    "@a := 1",
    "id > ?",
    "sleep(10) = 0",
    "load_file('/etc/passwd') IS NULL",
    "load_extension('x')",
    "other.bump(1) = 1",
    "id, name",
    "id FROM items",
    "*",
    "",
)


@pytest.mark.parametrize("dialect", ["mysql", "sqlite"])
@pytest.mark.parametrize("text", HOSTILE)
def test_recorded_expressions_are_not_trusted(dialect: str, text: str) -> None:
    """Somebody who altered a snapshot runs what he likes on production."""
    assert refused(text, dialect)


@pytest.mark.parametrize("dialect", ["mysql", "sqlite"])
@pytest.mark.parametrize(
    "text", ["price > 0 AND name IN ('a', 'b')", "length(name) < 5", "price BETWEEN 1 AND 9", "'x'"]
)
def test_checks_of_everyday_are_let_through(dialect: str, text: str) -> None:
    """No check can be counted on the rows that are there."""
    assert refused(text, dialect) is None


def test_values_and_names_are_quoted() -> None:
    """A label or a name with a quote in it ends the query and begins another one."""
    (items, _) = SHOP.relations
    labels = Question(
        kind=QuestionKind.OTHER_LABELS,
        relation="main.items",
        columns=("name",),
        arguments=("it's", "back\\"),
    )
    assert r"('it''s', 'back\\')" in count(labels, Subject(MYSQL, items))
    assert r"('it''s', 'back\')" in count(labels, Subject(SQLITE, items))
    assert MYSQL.identifier("a`b") == "`a``b`"
    assert SQLITE.identifier('a"b') == '"a""b"'


@pytest.mark.parametrize(
    "question",
    [
        Question(kind=QuestionKind.WRITTEN, relation="main.items"),
        Question(kind=QuestionKind.NULLS, relation="main.items", columns=("gone",)),
        Question(kind=QuestionKind.NULLS, relation="main.items"),
        Question(
            kind=QuestionKind.LONGER, relation="main.items", columns=("name",), arguments=("9; x",)
        ),
        Question(
            kind=QuestionKind.OUTSIDE,
            relation="main.items",
            columns=("price",),
            arguments=("nan", ""),
        ),
        Question(
            kind=QuestionKind.ORPHANS,
            relation="main.items",
            columns=("shop",),
            arguments=("main.shops", "id"),
        ),
        Question(
            kind=QuestionKind.VIOLATIONS,
            relation="main.items",
            columns=("price",),
            arguments=(HOSTILE[0],),
        ),
    ],
    ids=lambda question: str(question.kind),
)
def test_senseless_questions_are_unanswerable(question: Question) -> None:
    """A question that makes no sense gets a number for an answer."""
    with pytest.raises(Unanswerable):
        count(question, Subject(SQLITE, SHOP.relations[0]))


def test_catalog_of_the_tests_is_one() -> None:
    """The questions above are refused for another reason than they should be."""
    assert isinstance(SHOP, Catalog)
    question = Question(kind=QuestionKind.NULLS, relation="main.items", columns=("PRICE",))
    assert '"price" IS NULL' in count(question, Subject(SQLITE, SHOP.relations[0]))
