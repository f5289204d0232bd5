"""Django's migrations are read through their syntax, with the tables and columns Django makes."""

from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from tests.unit.providers.migrations.making import InMemory, only, read_files, squeezed, versions

from smartspec_rollback.domain.migration import Migration, MigrationRole
from smartspec_rollback.providers.migrations import read

HEAD = "from django.db import migrations, models\nimport django.db.models.deletion\n"


def migration(operations: str, dependencies: str = "[]", more: str = "") -> str:
    """Write a migration's file."""
    return (
        f"{HEAD}\nclass Migration(migrations.Migration):\n    dependencies = {dependencies}\n"
        f"    {more}\n    operations = [\n{operations}\n    ]\n"
    )


def second(operation: str, fields: str = "") -> Migration:
    """Read a model's first migration and then one with this operation; give the latter."""
    first = (
        "migrations.CreateModel(name='Item', fields=[('id', models.BigAutoField(primary_key=True)),"
        f" ('name', models.CharField(max_length=20)), {fields}])"
    )
    files = {
        "shop/migrations/0001_initial.py": migration(first).encode(),
        "shop/migrations/0002_next.py": migration(operation, "[('shop', '0001_initial')]").encode(),
    }
    return read("django", InMemory(files)).migrations[1]


INITIAL = """
migrations.CreateModel(
    name="Customer",
    fields=[
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
        ("email", models.EmailField(unique=True)),
        ("born", models.DateField(null=True)),
        ("score", models.PositiveIntegerField(default=0)),
    ],
    options={"verbose_name": "c", "unique_together": {("email", "born")}},
),
migrations.CreateModel(
    name="Order",
    fields=[
        ("id", models.UUIDField(primary_key=True, default=uuid.uuid4)),
        ("customer", models.ForeignKey(on_delete=models.CASCADE, to="shop.customer")),
        ("parent", models.ForeignKey(null=True, on_delete=None, to="self")),
        ("friends", models.ManyToManyField(to="shop.Customer")),
        ("total", models.DecimalField(max_digits=8, decimal_places=2)),
        ("note", models.TextField(blank=True, default="")),
    ],
    options={
        "db_table": "orders",
        "constraints": [models.CheckConstraint(check=models.Q(total__gte=0), name="positive")],
        "indexes": [models.Index(fields=["-total", "customer"], name="order_total")],
    },
),
"""
NEXT = """
migrations.AddField("Order", "state", models.CharField(max_length=10, default="new")),
migrations.AddField("Order", "paid", models.BooleanField(db_default=False)),
migrations.RenameField("Order", "note", "remark"),
migrations.AlterField("Order", "remark", models.CharField(max_length=500, null=True)),
migrations.RemoveField("Customer", "born"),
migrations.AddConstraint("Order", models.UniqueConstraint(fields=["customer"], name="one",
    condition=models.Q(("state", "new"), _connector="AND"))),
migrations.AddIndex("Customer", models.Index(fields=["score"], name="by_score")),
migrations.RenameModel("Customer", "Client"),
migrations.RunSQL("UPDATE orders SET total = 0", "UPDATE orders SET total = 1"),
migrations.AlterModelOptions("Order", {"ordering": ["id"]}),
migrations.RunSQL(sql=[("SELECT 1", None), "SELECT 2"], reverse_sql=migrations.RunSQL.noop),
"""


def test_operations_become_sql_that_postgresql_takes_both_ways(
    tmp_path: Path, database: str
) -> None:
    """A translated migration says something else than what Django would have run."""
    found = read_files(
        "django",
        tmp_path,
        {
            "shop/migrations/__init__.py": "",
            "shop/migrations/0001_initial.py": migration(INITIAL),
            "shop/migrations/0002_next.py": migration(NEXT, "[('shop', '0001_initial')]"),
        },
    )
    assert versions(found) == ["shop.0001_initial", "shop.0002_next"]
    assert [(m.dynamic, m.down_dynamic) for m in found.migrations] == [(None, None)] * 2
    one, two = found.migrations
    with psycopg.connect(database) as connection:
        for text in (one.up, two.up):
            _run(connection, text)
        assert _columns(connection, "orders") == {
            "id": "uuid NOT NULL",
            "customer_id": "bigint NOT NULL",
            "parent_id": "uuid",
            "total": "numeric(8,2) NOT NULL",
            "remark": "character varying(500)",
            "state": "character varying(10) NOT NULL",
            "paid": "boolean NOT NULL DEFAULT false",
        }
        assert _columns(connection, "orders_friends")["customer_id"] == "bigint NOT NULL"
        assert "born" not in _columns(connection, "shop_client")
        _run(connection, two.down)
        assert set(_columns(connection, "shop_customer")) == {"id", "email", "born", "score"}
        assert _columns(connection, "orders")["note"] == "text NOT NULL"
        _run(connection, one.down)
        left = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert left.fetchone() == (0,)


def _run(connection: psycopg.Connection, text: str | None) -> None:
    for statement in squeezed(text):
        connection.execute(sql.SQL(statement))
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _columns(connection: psycopg.Connection, table: str) -> dict[str, str]:
    rows = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL'"
        " ELSE '' END || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '')"
        " FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        (table,),
    )
    return {str(name): str(kind) for name, kind in rows}


def test_default_of_a_new_field_does_not_stay_in_the_database() -> None:
    """The old code's INSERT, which fails on the new column, is taken for safe."""
    made = second("migrations.AddField('Item', 'size', models.IntegerField(default=3))")
    assert squeezed(made.up) == [
        'ALTER TABLE "shop_item" ADD COLUMN "size" integer NOT NULL DEFAULT 3',
        'ALTER TABLE "shop_item" ALTER COLUMN "size" DROP DEFAULT',
    ]
    assert squeezed(made.down) == ['ALTER TABLE "shop_item" DROP COLUMN "size" CASCADE']


@pytest.mark.parametrize(
    ("operation", "dynamic", "down_dynamic"),
    [
        ("migrations.RunPython(fill)", "RunPython(fill) is code", "without reverse_code"),
        ("migrations.RunPython(fill, migrations.RunPython.noop)", "is code", None),
        ("migrations.RunSQL('SELECT 1')", None, "without reverse_sql"),
        ("migrations.RunSQL([('SELECT %s', [1])])", "given parameters", "given parameters"),
        ("make()", "make is not one of Django's", "make is not one"),
        ("*OPERATIONS", "an operation is computed", "an operation is computed"),
        (
            "migrations.AddField('Item', 'at', models.DateTimeField(default=now))",
            "the default of at is computed",
            None,
        ),
        (
            "migrations.AddField('Item', 'x', geo.PointField(null=True))",
            "geo.PointField is unknown and taken for text",
            None,
        ),
        (
            "migrations.AddField('Item', 'u', models.ForeignKey(settings.AUTH_USER_MODEL, None))",
            "refers to the configured user model",
            None,
        ),
        ("migrations.AlterField('Item', 'gone', models.TextField())", "in no file", "in no file"),
    ],
)
def test_what_is_computed_is_flagged(
    operation: str, dynamic: str | None, down_dynamic: str | None
) -> None:
    """What only running the code would tell is left out in silence."""
    made = second(operation)
    for said, expected in ((made.dynamic, dynamic), (made.down_dynamic, down_dynamic)):
        assert said is None if expected is None else expected in str(said)
        assert said is None or said.startswith("line ")


def test_state_operations_change_no_table_but_are_remembered() -> None:
    """A column is added twice, or a later change of it is read against nothing."""
    made = second(
        "migrations.SeparateDatabaseAndState("
        "database_operations=[migrations.RunSQL('SELECT 1', '')],"
        "state_operations=[migrations.AddField('Item', 'age', models.IntegerField(null=True))]),"
        "migrations.AlterField('Item', 'age', models.IntegerField())"
    )
    assert squeezed(made.up) == [
        "SELECT 1",
        'ALTER TABLE "shop_item" ALTER COLUMN "age" SET NOT NULL',
    ]
    assert made.dynamic is None


def test_order_follows_dependencies_and_squashes_stand_beside(tmp_path: Path) -> None:
    """A squashed migration is applied on top of those it stands for."""
    found = read_files(
        "django",
        tmp_path,
        {
            "a/migrations/0001_initial.py": migration("", "[('b', '0001_initial'), ('auth', '1')]"),
            "b/migrations/0001_initial.py": migration(""),
            "b/migrations/0002_more.py": migration("", "[('b', '0001_initial')]", "atomic = False"),
            "b/migrations/0001_squashed.py": migration(
                "", more="replaces = [('b', '0001_initial'), ('b', '0002_more')]"
            ),
            "b/migrations/0003_lost.py": migration("", "[('b', '0000_gone')]"),
        },
    )
    assert versions(found).index("b.0001_initial") < versions(found).index("a.0001_initial")
    roles = {m.version: m.role for m in found.migrations}
    assert roles["b.0001_squashed"] is MigrationRole.BASELINE
    assert [m.version for m in found.migrations if not m.transaction] == ["b.0002_more"]
    assert found.problems == (
        "b/migrations/0003_lost.py: its dependency b.0000_gone is in no file",
    )


def test_app_is_known_when_only_its_migrations_are_named(tmp_path: Path) -> None:
    """The table of every model has the wrong name."""
    folder = tmp_path / "shop" / "migrations"
    found = read_files("django", folder, {"0001_initial.py": migration("")})
    assert only(found).version == "shop.0001_initial"


def test_broken_python_stays_a_migration_that_nobody_knows(tmp_path: Path) -> None:
    """A file Python cannot parse ends the program, or is no migration any more."""
    text = "class Migration(migrations.Migration):\n    operations = [\n"
    found = read_files("django", tmp_path, {"a/migrations/0001_x.py": text})
    assert only(found).up is None
    assert "cannot be read" in str(only(found).dynamic)
    assert "not valid Python" in found.problems[0]
