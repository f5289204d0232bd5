"""The console's pages: harmless whatever is in them, and operable in what they say."""

import pytest
from hypothesis import given, settings
from msgspec.structs import replace
from tests.golden import cases
from tests.golden.html_shape import Shape, shape
from tests.unit.views.hostile import hostile_text, report_full_of

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.readiness import Change, Changed, Drill, Readiness, Ready
from smartspec_rollback.domain.rollback import ANSWERABLE, RESUMABLE, STOPPED, UNDER_WAY, Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.ports.store import AuditEntry, AuditFault
from smartspec_rollback.testing.samples import (
    NOON,
    TARGET,
    a_deployment,
    a_finding,
    a_hold,
    a_person,
    a_release,
    a_rollback,
    a_verdict,
    later,
)
from smartspec_rollback.views.html import deployment, lists, readiness, report_file
from smartspec_rollback.views.html import rollback as view
from smartspec_rollback.views.html.layout import Assets, Viewer, page
from smartspec_rollback.views.markup import ELEMENTS

MAY = dict.fromkeys(Answer)


def _pages(text: str) -> str:
    """Write every page full of ``text``."""
    viewer = Viewer(name=text, csrf=text)
    target = Target(service=text, environment=text)
    made = replace(
        a_deployment(text, target=target, release=a_release(text), recorded_by=text),
        revision=text,
        commit=text,
    )
    hold = replace(a_hold(text, a_release(text), target=target), reason=text, placed_by=text)
    judged = a_verdict(text, reason=text, by=text)
    entry = LedgerEntry(deployment=made, conclusive=judged, hold=hold)
    told = report_full_of(text)
    waiting = replace(told, rollback=replace(told.rollback, status=Status.AWAITING_APPROVAL))
    rollback = replace(a_rollback(), id=text, target=target, failed_deployment_id=text)
    line = AuditEntry(seq=1, at=NOON, actor=text, action=text, subject=text, detail=text, hash=text)
    drill = Drill(
        rollback_id=text,
        at=NOON,
        from_version=text,
        to_version=text,
        seconds=2.0,
        status=Status.SUCCEEDED,
    )
    ready = Readiness(
        target=target,
        at=NOON,
        fresh_until=later(60),
        outcome=Ready.ATTENTION,
        why=text,
        live_version=text,
        live_deployment_id=text,
        to_version=text,
        health=text,
        findings=(a_finding(text, summary=text),),
        drill=drill,
        changes=(Change(what=Changed.FINDING, before=text, after=text, name=text),),
    )
    return page(
        text,
        lists.service(target, entry, rollback, [hold]),
        lists.deployments([entry]),
        lists.rollbacks([rollback, replace(rollback, status=Status.SUCCEEDED)]),
        lists.holds([(hold, True), (hold, False)], viewer),
        lists.audit([line], (1, AuditFault(seq=1, what=text))),
        deployment.body(entry, judged, (rollback,), viewer, may_request=True),
        view.body(waiting, viewer, refusals=MAY),
        view.body(told, viewer, refusals=dict.fromkeys(Answer, text), notice=text),
        readiness.body([ready]),
        viewer=viewer,
        assets=Assets(),
    )


def _ours(read: Shape) -> bool:
    return all(
        address.startswith(("/", "#")) and not address.startswith("//")
        for address in read.addresses
    )


@settings(max_examples=60)
@given(hostile_text())
def test_hostile_text_changes_no_page(source: str) -> None:
    """A name of a deployment makes a link, a form or a script where people approve."""
    plain, hostile = shape(_pages("plain")), shape(_pages(source))
    assert set(hostile.tags) <= ELEMENTS | {f"/{element}" for element in ELEMENTS}
    assert list(hostile.without("bdi", "code", "pre")) == list(plain.without("bdi", "code", "pre"))
    assert hostile.attributes == plain.attributes
    assert _ours(hostile)
    assert hostile.strange == []
    assert all(c.isprintable() or c == "\n" for c in hostile.text)


def test_forms_carry_the_token_and_send_by_post() -> None:
    """An answer can be given by a link, or is refused for want of its token."""
    read = shape(_pages("plain"))
    assert read.tags.count("form") == read.attributes["method"]
    assert _pages("plain").count('name="csrf_token" value="plain"') == read.tags.count("form")


def test_who_may_not_answer_sees_no_form() -> None:
    """Somebody is shown a button that does nothing."""
    told = replace(
        cases.succeeded(),
        rollback=replace(cases.succeeded().rollback, status=Status.AWAITING_APPROVAL),
    )
    viewer = Viewer(name="vera", csrf="x")
    both = view.body(told, viewer, refusals=MAY)
    none = view.body(told, viewer, refusals=dict.fromkeys(Answer, "vera has no role"))
    deny = view.body(told, viewer, refusals={Answer.APPROVE: "asked for it", Answer.DENY: None})
    assert [each.count("<form") for each in (both, none, deny)] == [2, 0, 1]
    assert none.count("vera has no role") == 1
    assert "asked for it" in deny


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_its_page(status: Status) -> None:
    """A rollback stops somewhere, and its page is an error."""
    told = cases.succeeded()
    told = replace(told, rollback=replace(told.rollback, status=status))
    written = view.body(told, Viewer(name="vera", csrf="x"), refusals=MAY)
    assert told.digest in written
    assert view.announcement(told)
    assert ("<form" in written) == (status in ANSWERABLE)
    unanswered = replace(told, decisions=())
    assert ("Nobody was asked" in view.shown(unanswered)) is (status not in ANSWERABLE)
    # Whoever reads a next command while all goes well runs it.
    assert ("exit code" in written) == ("What to do next" in written) == (status not in UNDER_WAY)
    more = view.body(
        told, Viewer(name="olga"), refusals=dict.fromkeys(Answer, "no"), may_request=True
    )
    assert ("/resume" in more) == (status in RESUMABLE)
    assert ("/abandon" in more) == (status in STOPPED)


@pytest.mark.parametrize("outcome", list(Ready))
def test_every_answer_of_readiness_is_named(outcome: Ready) -> None:
    """Unknown looks like ready."""
    answer = Readiness(target=TARGET, at=NOON, fresh_until=NOON, outcome=outcome, why="because")
    text = shape(readiness.body([answer])).text
    assert "because" in text
    assert ("Ready:" in text) == (outcome is Ready.READY)


def test_nothing_to_list_is_said() -> None:
    """An empty page looks like one that is still loading."""
    empty = (lists.deployments([]), lists.rollbacks([]), lists.holds([], Viewer()))
    assert [shape(each).text for each in empty] == [
        "No deployments are recorded.",
        "No rollbacks are recorded.",
        "No release is on hold.",
    ]
    assert "no deployment is recorded" in lists.service(TARGET, None, None, [])
    assert "nobody judged" not in deployment.body(
        LedgerEntry(deployment=a_deployment(recorded_by=a_person().name)),
        a_verdict(),
        (),
        Viewer(),
        may_request=False,
    )


def test_a_long_journal_is_cut_on_the_page_alone() -> None:
    """A rollback with thousands of entries makes a page that no phone can show."""
    told = cases.succeeded()
    many = tuple(
        replace(told.journal[0], seq=n, text=f"entry {n}.") for n in range(1, view.NEWEST + 41)
    )
    written = shape(view.shown(replace(told, journal=many))).text
    assert "40 earlier entries are in the report." in written
    assert "entry 40." not in written
    assert "entry 41." in written
    assert "entry 1." in report_file(replace(told, journal=many))
