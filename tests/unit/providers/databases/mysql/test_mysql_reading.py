"""What is made of MySQL's URLs, digests and definitions, without a server."""

import pytest

from smartspec_rollback.domain.catalog import ConstraintKind
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import UsageError
from smartspec_rollback.ports.clock import Clock
from smartspec_rollback.providers.databases.mysql.address import read
from smartspec_rollback.providers.databases.mysql.database import MysqlDatabase
from smartspec_rollback.providers.databases.mysql.parts import (
    columns,
    constraints,
    indexes,
    partition_bound,
)
from smartspec_rollback.providers.databases.mysql.remembered import restored
from smartspec_rollback.providers.system import SystemClock

PASSWORD = "p@ss/w%rd"


@pytest.fixture
def clock() -> Clock:
    """Supply the real clock."""
    return SystemClock()


def test_url_is_read_and_named_without_secrets() -> None:
    """A password is shown, or an escaped one is wrong."""
    address = read(Sensitive("mysql+pymysql://ann:p%40ss%2Fw%25rd@db.example:3307/shop?charset=x"))
    assert (address.host, address.port, address.name) == ("db.example", 3307, "shop")
    assert (address.user, address.password.reveal()) == ("ann", PASSWORD)
    assert address.identity == "mysql://db.example:3307/shop"
    assert PASSWORD not in repr(address)
    assert address.scrub(f"denied\nfor {PASSWORD} and p%40ss%2Fw%25rd") == "denied for *** and ***"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://host",
        "postgresql://host/shop",
        "mysql://ann:hunter#2@host/shop",
        "mysql://ann:hunter2@host:port/shop",
        "mysql://ann:hun/ter2@host/shop",
        "mysql:shop",
        "mysql://host/sh\x07op",
    ],
)
def test_other_urls_are_refused_without_quoting_them(url: str) -> None:
    """An unescaped password ends up in a message."""
    with pytest.raises(UsageError) as caught:
        read(Sensitive(url))
    assert caught.value.remedy
    assert "hun" not in str(caught.value)


def test_role_is_refused(clock: Clock) -> None:
    """Statements are compiled as somebody else than people asked for."""
    with pytest.raises(UsageError):
        MysqlDatabase.at(Sensitive("mysql://host/shop"), clock=clock, role="app")


@pytest.mark.parametrize(
    ("digest", "text"),
    [
        ("SELECT COUNT ( * ) FROM `t`", "SELECT COUNT( * ) FROM `t`"),
        ("SELECT `a` FROM `t` WHERE `b` IN (...)", "SELECT `a` FROM `t` WHERE `b` IN (?)"),
        (
            "INSERT INTO `t` ( `a` , `b` ) VALUES (...) /* , ... */",
            "INSERT INTO `t` ( `a` , `b` ) VALUES (?, ?)",
        ),
        ("SELECT `a` FROM `t` LIMIT ?, ...", "SELECT `a` FROM `t` LIMIT ?"),
    ],
)
def test_digests_become_statements_again(digest: str, text: str) -> None:
    """The server refuses the texts it wrote itself, and they count as never having worked."""
    assert restored(digest) == text


@pytest.mark.parametrize(
    ("default", "extra", "mariadb", "expected"),
    [
        ("NULL", "", True, None),
        ("'a'", "", True, "'a'"),
        ("a'b", "", False, "'a''b'"),
        (None, "", False, None),
        ("CURRENT_TIMESTAMP", "DEFAULT_GENERATED", False, "CURRENT_TIMESTAMP"),
        ("_utf8mb4\\'x\\'", "DEFAULT_GENERATED", False, "'x'"),
    ],
)
def test_defaults_are_expressions(
    default: str | None,
    extra: str,
    mariadb: bool,  # noqa: FBT001 - pytest passes cases by name
    expected: str | None,
) -> None:
    """A column that fills itself is said to need a value, or the other way round."""
    row = ("c", "varchar(9)", "YES", 1, default, extra, "", None, "", "varchar")
    (column,) = columns([row], mariadb=mariadb)
    assert column.default == expected
    assert column.generated is None


def test_computed_and_numbered_columns() -> None:
    """A column that takes no values passes for one that does."""
    computed = ("c", "int", "YES", 1, None, "STORED GENERATED", "`a` * 2", None, "", "int")
    numbered = ("d", "int", "NO", 2, None, "auto_increment", "", None, "", "int")
    first, second = columns([computed, numbered], mariadb=True)
    assert first.generated == "`a` * 2"
    assert second.identity == "by default"


def test_constraints_keep_their_order_and_columns() -> None:
    """A key over two columns is taken for two keys, or a check for one of no column."""
    found = constraints(
        [("PRIMARY", "PRIMARY KEY"), ("fk", "FOREIGN KEY")],
        [
            ("PRIMARY", "b", None, None, None),
            ("PRIMARY", "a", None, None, None),
            ("fk", "a", "shop", "u", "id"),
        ],
        [("fk", "SET NULL")],
        [("ck", "(`a` > 0 and `odd name` = _utf8mb4\\'x\\')")],
        database="shop",
    )
    assert [(c.kind, c.columns) for c in found] == [
        (ConstraintKind.PRIMARY_KEY, ("b", "a")),
        (ConstraintKind.FOREIGN_KEY, ("a",)),
        (ConstraintKind.CHECK, ("a", "odd name")),
    ]
    assert (found[1].references, found[1].on_delete) == ("main.u", "set null")
    assert found[2].predicate == "(a > 0 and `odd name` = 'x')"


def test_key_on_a_part_of_a_column_is_no_key_on_the_column() -> None:
    """Rows alike in the first letters only pass for rows that may not be alike."""
    rows = [("k", 0, "a", 3, "BTREE"), ("u", 0, "a", None, "BTREE")]
    part, whole = indexes(rows, [("k", "UNIQUE"), ("u", "UNIQUE")])
    assert (part.columns, part.constraint) == (("(…)",), None)
    assert (whole.columns, whole.constraint) == (("a",), "u")


def test_partitions_have_bounds() -> None:
    """A partition that is gone is not missed."""
    first, reached = partition_bound("RANGE", "10", "MINVALUE")
    assert first == "FOR VALUES FROM (MINVALUE) TO (10)"
    assert partition_bound("RANGE", "MAXVALUE", reached)[0] == "FOR VALUES FROM (10) TO (MAXVALUE)"
    assert partition_bound("LIST", "1,2", "")[0] == "FOR VALUES IN (1,2)"
    assert partition_bound("HASH", None, "")[0] == "DEFAULT"
