"""Triggers, privileges and row-level security: what refuses or hides rows behind one's back."""

from typing import Any

import pytest

from smartspec_rollback.domain.catalog import (
    Catalog,
    Constraint,
    ConstraintKind,
    Function,
    Grant,
    Policy,
    Relation,
    Sequence,
    Trigger,
)
from smartspec_rollback.domain.workload import Call, Run, Statement, Use
from smartspec_rollback.schema.rules import access, row_security, triggers
from smartspec_rollback.testing.schema_samples import (
    case,
    catalog,
    column,
    said,
    statement,
    table,
)

ID, NAME = column("id", "integer"), column("name")
READS = statement("SELECT name FROM items", Use(relation="public.items", returns=("name",)))
INSERTS = statement(
    "INSERT INTO items (name) VALUES ($1)",
    Use(relation="public.items", inserts=True, inserted=("name",)),
)
RENAMES = statement("UPDATE items SET name = $1", Use(relation="public.items", updated=("name",)))
DELETES = statement("DELETE FROM parents", Use(relation="public.parents", deletes=True))
ELSEWHERE = statement("SELECT 1")
OPAQUE = statement("UPSERT INTO items", uses=None)


def trigger(events: tuple[str, ...] = ("insert",), of: str = "", **facts: Any) -> Trigger:
    """Make the trigger ``t`` on items."""
    said_of = " OR ".join(each.upper() + (of if each == "update" else "") for each in events)
    known: dict[str, Any] = {
        "name": "t",
        "definition": f"CREATE TRIGGER t BEFORE {said_of} ON public.items FOR EACH ROW",
        "function": "public.guard",
        "events": events,
    }
    return Trigger(**known | facts)


def items(*held: Trigger, **facts: Any) -> Relation:
    """Make the table with triggers."""
    return table("items", ID, NAME, triggers=held, **facts)


def guard(body: str, **facts: Any) -> Function:
    """Make the trigger's function."""
    known: dict[str, Any] = {
        "schema": "public",
        "name": "guard",
        "kind": "function",
        "arguments": (),
        "returns": "trigger",
        "definition": f"CREATE FUNCTION public.guard() … AS $$ {body} $$",
    }
    return Function(**known | facts)


NOTHING = guard("BEGIN RETURN NEW; END")
RAISES = guard("BEGIN -- never again\n RAISE EXCEPTION 'no'; RETURN NEW; END")
MAY_RAISE = guard("BEGIN IF NEW.id < 0 THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END")
LOGS = guard("BEGIN INSERT INTO log (id) VALUES (NEW.id); RETURN NEW; END")
LOG = table("log", ID, owner="b", grants=(Grant(grantee="b", privilege="INSERT"),))
OK = Run(statement=INSERTS.id, before=True, after=True, same=True)
FAILED = Run(statement=INSERTS.id, before=True, after=False, same=None, code="P0001", message="no")
CHANGED = "trigger-changed"


def run_with(after: Catalog, asked: Statement, before: Relation | None = None, **facts: Any) -> Any:
    """Judge by the rule about triggers."""
    return said(triggers.findings(case(catalog(before or items()), after, asked, **facts)))


@pytest.mark.parametrize(
    ("held", "body", "asked", "facts", "expected"),
    [
        pytest.param(trigger(), NOTHING, INSERTS, {}, "attention", id="not run"),
        pytest.param(trigger(), NOTHING, INSERTS, {"runs": (OK,)}, "safe", id="run, the same"),
        pytest.param(
            trigger(), MAY_RAISE, INSERTS, {"runs": (OK,)}, "attention", id="raises for some values"
        ),
        pytest.param(trigger(), NOTHING, INSERTS, {"runs": (FAILED,)}, "breaking", id="run, fails"),
        pytest.param(trigger(), RAISES, INSERTS, {}, "breaking", id="raises at once"),
        pytest.param(trigger(), RAISES, READS, {}, "safe", id="only read"),
        pytest.param(trigger(), RAISES, ELSEWHERE, {"share": 0.2}, "unknown", id="little known"),
        pytest.param(trigger(), NOTHING, OPAQUE, {}, "unknown", id="hidden"),
        pytest.param(trigger(), LOGS, INSERTS, {}, "breaking", id="lacks a privilege"),
        pytest.param(
            trigger(),
            guard(LOGS.definition or "", security_definer=True),
            INSERTS,
            {},
            "attention",
            id="has its owner's privileges",
        ),
        pytest.param(
            trigger(("update",), " OF id"), RAISES, RENAMES, {}, "safe", id="other column"
        ),
        pytest.param(
            trigger(("update",), " OF name, id"), RAISES, RENAMES, {}, "breaking", id="its column"
        ),
        pytest.param(trigger(("update",)), RAISES, INSERTS, {}, "safe", id="other event"),
    ],
)
def test_added_triggers(
    held: Trigger, body: Function, asked: Statement, facts: dict[str, Any], expected: str
) -> None:
    """A trigger is code of the new version that old writes run into."""
    after = catalog(items(held), LOG, functions=(body,))
    assert run_with(after, asked, **facts) == {(CHANGED, "public.items.t"): expected}


def test_a_switched_off_trigger_is_none() -> None:
    """It never fires."""
    assert run_with(catalog(items(trigger(enabled=False)), functions=(RAISES,)), INSERTS) == {}


def test_another_body_is_another_trigger() -> None:
    """The definition of a trigger does not show what its function does."""
    before, after = (catalog(items(trigger()), functions=(b,)) for b in (NOTHING, RAISES))
    assert said(triggers.findings(case(before, after, INSERTS))) == {
        (CHANGED, "public.items.t"): "breaking"
    }
    assert said(triggers.findings(case(before, before, INSERTS))) == {}


def test_a_dropped_trigger_wants_a_look() -> None:
    """The old version may have relied on what it filled in."""
    assert run_with(catalog(items()), INSERTS, items(trigger())) == {
        (CHANGED, "public.items.t"): "attention"
    }


def test_a_cascading_delete_sets_off_the_children_s_triggers() -> None:
    """The statement never names the table the trigger is on."""
    child = Constraint(
        name="c",
        kind=ConstraintKind.FOREIGN_KEY,
        columns=("id",),
        definition="…",
        references="public.parents",
        on_delete="cascade",
    )
    before = catalog(items(constraints=(child,)), table("parents", ID))
    after = catalog(
        items(trigger(("delete",)), constraints=(child,)), table("parents", ID), functions=(RAISES,)
    )
    assert said(triggers.findings(case(before, after, DELETES))) == {
        (CHANGED, "public.items.t"): "breaking"
    }


def grants(*privileges: str, to: str = "app", column: str | None = None) -> tuple[Grant, ...]:
    """Make grants to one role."""
    return tuple(Grant(grantee=to, privilege=each, column=column) for each in privileges)


def owned(*held: Grant, **facts: Any) -> Relation:
    """Make the table of another owner with grants."""
    return table("items", ID, NAME, owner="b", grants=(*grants("SELECT", to="b"), *held), **facts)


ALL = grants("SELECT", "INSERT", "UPDATE", "DELETE")
RESTRICTED = ("access-restricted", "public.items")


@pytest.mark.parametrize(
    ("old", "new", "asked", "roles", "expected"),
    [
        pytest.param(ALL, ALL, READS, {}, None, id="the same"),
        pytest.param(ALL, (), READS, {}, "breaking", id="revoked"),
        pytest.param(ALL, (), ELSEWHERE, {}, "safe", id="revoked, unused"),
        pytest.param(ALL, (), OPAQUE, {}, "unknown", id="revoked, hidden"),
        pytest.param(ALL, grants("SELECT"), INSERTS, {}, "breaking", id="no INSERT"),
        pytest.param(ALL, grants("SELECT"), READS, {}, "safe", id="no INSERT, only read"),
        pytest.param(ALL, grants("SELECT", to="public"), READS, {}, "safe", id="everybody"),
        pytest.param(ALL, grants("SELECT", column="name"), READS, {}, "safe", id="its column"),
        pytest.param(ALL, grants("SELECT", column="id"), READS, {}, "breaking", id="other column"),
        pytest.param((), (), READS, {}, None, id="never had it"),
        pytest.param(ALL, (), READS, {"superuser": True}, None, id="superuser"),
        pytest.param(ALL, (), READS, {"role": None, "member_of": ()}, "attention", id="no role"),
        pytest.param(
            ALL, grants("SELECT", to="staff"), READS,
            {"member_of": ("app", "staff")}, "safe", id="by membership",
        ),
    ],
)  # fmt: skip
def test_privileges(
    old: tuple[Grant, ...],
    new: tuple[Grant, ...],
    asked: Statement,
    roles: dict[str, Any],
    expected: str | None,
) -> None:
    """Locked out at run time, whatever a superuser compiled."""
    built = case(catalog(owned(*old), **roles), catalog(owned(*new), **roles), asked)
    found = said(access.findings(built))
    assert found == ({} if expected is None else {RESTRICTED: expected})


def test_a_schema_read_as_a_superuser_says_nothing_of_the_application() -> None:
    """Whoever looks at production may do everything; the application may not."""
    after = catalog(owned(), role="postgres", member_of=("postgres",), superuser=True)
    built = case(catalog(owned(*ALL)), after, READS)
    assert said(access.findings(built)) == {RESTRICTED: "breaking"}


def test_a_new_owner_takes_what_ownership_gave() -> None:
    """An owner needs no grants, and loses everything with the ownership."""
    before = catalog(table("items", ID, NAME, owner="app"))
    found = access.findings(case(before, catalog(owned()), READS))
    assert said(found) == {RESTRICTED: "breaking"}


def test_sequences_and_functions_have_privileges_too() -> None:
    """An insert needs the sequence of a default, a call its function."""
    numbered = table(
        "items", column("id", "integer", default="nextval('items_id_seq'::regclass)"), NAME
    )

    def schema(*held: Grant) -> Catalog:
        return catalog(
            numbered,
            functions=(guard("", name="total", grants=held),),
            sequences=(
                Sequence(
                    schema="public",
                    name="items_id_seq",
                    type="integer",
                    owned_by="public.items.id",
                    grants=held,
                ),
            ),
        )

    calls = statement("SELECT total()", functions=(Call(name="total", arguments=0),))
    built = case(
        schema(*grants("USAGE", "EXECUTE")), schema(*grants("USAGE", to="b")), INSERTS, calls
    )
    assert said(access.findings(built)) == {
        ("access-restricted", "public.items_id_seq"): "breaking",
        ("access-restricted", "public.total()"): "breaking",
    }


def policy(using: str | None, **facts: Any) -> Policy:
    """Make a policy for everybody and everything."""
    known: dict[str, Any] = {
        "name": "p",
        "command": "all",
        "permissive": True,
        "roles": ("public",),
        "using": using,
        "check": None,
    }
    return Policy(**known | facts)


OPEN = policy("true")
MINE = policy("(owner = CURRENT_USER)")


def secured(*held: Policy, **facts: Any) -> Relation:
    """Make the table with row-level security on."""
    return owned(*ALL, row_security=True, policies=held, **facts)


@pytest.mark.parametrize(
    ("old", "new", "asked", "roles", "expected"),
    [
        pytest.param(owned(*ALL), secured(), READS, {}, "breaking", id="no policy"),
        pytest.param(owned(*ALL), secured(OPEN), READS, {}, "safe", id="open"),
        pytest.param(owned(*ALL), secured(MINE), READS, {}, "breaking", id="some rows"),
        pytest.param(owned(*ALL), secured(MINE), ELSEWHERE, {}, "safe", id="unused"),
        pytest.param(owned(*ALL), secured(MINE), OPAQUE, {}, "unknown", id="hidden"),
        pytest.param(
            owned(*ALL),
            secured(OPEN, policy("false", permissive=False)),
            READS,
            {},
            "breaking",
            id="restricted",
        ),
        pytest.param(
            owned(*ALL), secured(policy("true", roles=("b",))), READS, {}, "breaking", id="others"
        ),
        pytest.param(
            owned(*ALL), secured(policy("true", command="select")), INSERTS, {}, "breaking",
            id="open to read, written",
        ),
        pytest.param(owned(*ALL), secured(MINE), READS, {"superuser": True}, None, id="superuser"),
        pytest.param(
            owned(*ALL), secured(MINE), READS, {"member_of": ("app", "b")}, None, id="owner"
        ),
        pytest.param(
            owned(*ALL), secured(MINE, force_row_security=True), READS,
            {"member_of": ("app", "b")}, "breaking", id="owner, forced",
        ),
        pytest.param(
            owned(*ALL), secured(MINE), READS, {"role": None, "member_of": ()}, "attention",
            id="role unknown",
        ),
        pytest.param(secured(MINE), owned(*ALL), READS, {}, "attention", id="switched off"),
        pytest.param(secured(OPEN), secured(MINE), READS, {}, "attention", id="tightened"),
        pytest.param(secured(MINE), secured(OPEN), READS, {}, "safe", id="opened"),
        pytest.param(secured(MINE), secured(), READS, {}, "breaking", id="no policy left"),
        pytest.param(secured(MINE), secured(MINE), READS, {}, None, id="the same"),
    ],
)  # fmt: skip
def test_row_level_security(
    old: Relation, new: Relation, asked: Statement, roles: dict[str, Any], expected: str | None
) -> None:
    """Hidden rows raise no error: the old version would silently see nothing."""
    built = case(catalog(old, **roles), catalog(new, **roles), asked)
    found = said(row_security.findings(built))
    assert found == ({} if expected is None else {RESTRICTED: expected})
