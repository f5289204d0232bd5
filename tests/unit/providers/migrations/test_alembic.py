"""Alembic's revisions are read through their syntax, and what is computed is flagged."""

from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql
from tests.unit.providers.migrations.making import InMemory, only, read_files, squeezed, versions

from smartspec_rollback.providers.migrations import read

HEAD = (
    "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n"
)


def revision(name: str, parent: str, up: str = "pass", down: str = "pass", more: str = "") -> str:
    """Write a revision's file."""

    def indented(body: str) -> str:
        return "\n".join(f"    {line}" for line in body.split("\n"))

    return (
        f'"""{name} title."""\n{HEAD}\nrevision = "{name}"\ndown_revision = {parent}\n{more}\n'
        f"def upgrade() -> None:\n{indented(up)}\n\ndef downgrade():\n{indented(down)}\n"
    )


def test_revisions_follow_their_parents_over_branches_and_merges(tmp_path: Path) -> None:
    """Revisions are read by file name, and a merge comes before what it merges."""
    found = read_files(
        "alembic",
        tmp_path,
        {
            "env.py": "run()",
            "versions/a_merge.py": revision("d", '("b", "c")'),
            "versions/b_left.py": revision("b", '"a"'),
            "versions/c_right.py": revision("c", '"a"', more="depends_on = ['b']"),
            "versions/z_root.py": revision("a", "None"),
        },
    )
    assert versions(found) == ["a", "b", "c", "d"]
    assert found.migrations[3].requires == ("b", "c")
    assert found.migrations[0].name == "a title."
    assert found.problems == ()


def test_two_heads_missing_parents_rings_and_duplicates_are_told(tmp_path: Path) -> None:
    """A graph that Alembic refuses looks like an order."""
    heads = {
        "a.py": revision("a", "None"),
        "b.py": revision("b", "'a'"),
        "c.py": revision("c", "'a'"),
    }
    assert "several heads: b, c" in str(read_files("alembic", tmp_path / "1", heads).problems)
    lost = read_files("alembic", tmp_path / "2", {"a.py": revision("a", "'gone'")})
    assert "a.py: its parent gone is in no file" in lost.problems
    ring = {"a.py": revision("a", "'b'"), "b.py": revision("b", "'a'")}
    ringed = read_files("alembic", tmp_path / "3", ring)
    assert len(ringed.migrations) == 2
    assert "in a ring" in str(ringed.problems)
    twice = {"a.py": revision("a", "None"), "b.py": revision("a", "None")}
    assert "also claimed by" in str(read_files("alembic", tmp_path / "4", twice).problems)


UP = """op.execute(\"CREATE EXTENSION IF NOT EXISTS pg_trgm\")
op.create_table(
    "users",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("name", sa.String(length=40), nullable=False, index=True),
    sa.Column("email", sa.Unicode(), unique=True, comment="it's theirs"),
    sa.Column("state", sa.Enum("on", "off", name="user_state"), server_default="on"),
    sa.Column("made", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    sa.Column("price", sa.Numeric(10, 2), sa.CheckConstraint("price > 0", name="positive")),
    sa.Column("tags", postgresql.ARRAY(sa.Text())),
    sa.Column("data", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb")),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
)
op.create_table(
    "posts",
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    sa.Column("old", sa.Boolean(), server_default=sa.false()),
)
op.add_column("posts", sa.Column("title", sa.String(80), server_default="", nullable=False))
op.add_column("posts", sa.Column("editor", sa.Integer(), nullable=True))
op.alter_column("posts", "title", type_=sa.Text(), existing_type=sa.String(80), server_default=None)
op.alter_column("posts", "old", new_column_name="archived", nullable=False)
op.create_index(op.f("ix_posts_title"), "posts", ["title", sa.text("lower(title)")], unique=True,
                postgresql_where=sa.text("archived"))
op.create_foreign_key("fk_editor", "posts", "users", ["editor"], ["id"], ondelete="SET NULL")
op.create_unique_constraint("uq_editor", "posts", ["editor", "title"])
op.create_check_constraint("ck_title", "posts", "length(title) < 100")
op.drop_constraint("uq_editor", "posts", type_="unique")
with op.batch_alter_table("posts", schema=None) as batch_op:
    batch_op.add_column(sa.Column("extra", sa.JSON(), nullable=True))
    batch_op.drop_column("editor")
op.bulk_insert(sa.table("users", sa.column("name")), [{"name": "it's", "price": 1.5}])
op.execute(sa.text("UPDATE users SET email = 'x'"))
op.rename_table("posts", "articles")
bind = op.get_bind()
bind.execute(sa.text("DELETE FROM users"))
kind = postgresql.ENUM("a", "b", name="kind")
kind.create(op.get_bind(), checkfirst=True)"""
DOWN = """op.drop_index("ix_posts_title", table_name="articles")
op.drop_table("articles")
op.drop_table("users")
sa.Enum(name="user_state").drop(op.get_bind())
sa.Enum(name="kind").drop(op.get_bind())"""


def test_static_operations_become_sql_that_postgresql_takes(tmp_path: Path, database: str) -> None:
    """A translated migration says something else than what Alembic would have run."""
    made = only(read_files("alembic", tmp_path, {"a.py": revision("a", "None", UP, DOWN)}))
    assert (made.dynamic, made.down_dynamic) == (None, None)
    with psycopg.connect(database, autocommit=True) as connection:
        for statement in squeezed(made.up):
            if "EXTENSION" not in statement:
                connection.execute(sql.SQL(statement))
        columns = connection.execute(
            "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute"
            " WHERE attrelid = 'articles'::regclass AND attnum > 0 AND NOT attisdropped"
        ).fetchall()
        serial = connection.execute("SELECT pg_get_serial_sequence('users', 'id')").fetchone()
        for statement in squeezed(made.down):
            connection.execute(sql.SQL(statement))
        left = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert left.fetchone() == (0,)
    assert columns == [
        ("id", "bigint", True),
        ("user_id", "integer", True),
        ("archived", "boolean", True),
        ("title", "text", True),
        ("extra", "json", False),
    ]
    assert serial == ("public.users_id_seq",)


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("for t in TABLES:\n    op.drop_table(t)", "a statement `for` decides"),
        ("op.execute(f'DROP TABLE {name()}')", "name(…) is computed"),
        ("op.drop_table(*names)", "op.drop_table(*…) is computed"),
        ("helper()", "helper(…) is computed"),
        ("if op.get_context().dialect.name == 'x':\n    pass", "a statement `if` decides"),
        ("op.add_column('t', sa.Column('c', Mine()))", "the type Mine is not one of SQLAlchemy's"),
        ("rows = session.query(User).all()", "a statement `assign` decides"),
        ("op.bulk_insert(users, [])", "bulk_insert() into a table that is not literal"),
        ("op.bulk_insert(sa.table('t'), [{'a': {'b': 1}}])", "a dict has no literal in SQL"),
    ],
)
def test_what_is_computed_is_flagged_with_its_line(body: str, note: str, tmp_path: Path) -> None:
    """What only running the code would tell is left out in silence."""
    up = f"op.execute('SELECT 1')\n{body}"
    made = only(read_files("alembic", tmp_path, {"a.py": revision("a", "None", up)}))
    assert squeezed(made.up) == ["SELECT 1"]
    assert note in str(made.dynamic)
    assert str(made.dynamic).startswith("line ")
    assert (made.down, made.down_dynamic) == ("", None)


def test_way_back_that_raises_is_no_empty_way_back(tmp_path: Path) -> None:
    """A migration that cannot be reversed looks like one with nothing to reverse."""
    body = "raise NotImplemented" + "Error()"
    made = only(read_files("alembic", tmp_path, {"a.py": revision("a", "None", "pass", body)}))
    assert (made.up, made.dynamic, made.down) == ("", None, None)
    assert "no way from here" in str(made.down_dynamic)


def test_names_bound_to_literals_are_resolved_and_rebound_ones_not(tmp_path: Path) -> None:
    """A name is read with a value it no longer has."""
    more = "T = 'users'\nSQL = 'DROP ' + f'TABLE {T}'\nX = 'a'\nX = 'b'\nY = []\nY.append(1)"
    up = "op.execute(SQL)\nop.drop_table(X)\nop.drop_table(Y)\nreturn\nop.drop_table('y')"
    made = only(read_files("alembic", tmp_path, {"a.py": revision("a", "None", up, more=more)}))
    assert squeezed(made.up) == ["DROP TABLE users"]
    assert "`X` is computed" in str(made.dynamic)
    assert "`Y` is computed" in str(made.dynamic)


@pytest.mark.parametrize(
    "text",
    [
        "revision = 'a'\ndown_revision = (\n",
        "revision = 'a'\ndown_revision = " + "-" * 90_000 + "1\n",
    ],
)
def test_broken_python_stays_a_migration_that_nobody_knows(text: str, tmp_path: Path) -> None:
    """A file Python cannot parse ends the program, or is no migration any more."""
    made = read_files("alembic", tmp_path, {"a.py": text})
    assert only(made).up is None
    assert only(made).dynamic
    assert made.problems[0].startswith("a.py: ")


@given(st.text("op.execut('\"x)(\\n =[]{}:,", max_size=80))
def test_no_body_ends_the_program(body: str) -> None:
    """Some odd code in a migration ends the program."""
    found = read("alembic", InMemory({"a.py": revision("a", "None", body).encode()}))
    assert len(found.migrations) == 1
