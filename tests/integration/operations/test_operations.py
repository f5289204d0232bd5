"""What people and machines may ask of a served ledger, and what comes of it."""

import threading
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from tests.integration.operations.conftest import (
    ADMIN,
    ALICE,
    BAD,
    BOB,
    CAROL,
    MACHINE,
    Served,
)

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.approval import Answer, Person
from smartspec_rollback.domain.plan import short_digest
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.engine.parts import Request
from smartspec_rollback.errors import (
    Forbidden,
    ProviderError,
    Refused,
    StoreError,
    UnknownName,
    UsageError,
)
from smartspec_rollback.operations.opening import Opened
from smartspec_rollback.ports.store import Attendance
from smartspec_rollback.server.gates import Gates
from smartspec_rollback.testing.samples import a_verdict
from smartspec_rollback.wiring.recording import Said

_OVER = (Status.SUCCEEDED, Status.UNSTABLE)


def _digest(served: Served, rollback_id: str) -> str:
    return served.opened.workspace.report(rollback_id).digest


def _approve(served: Served, rollback_id: str) -> None:
    digest = _digest(served, rollback_id)
    served.operations.answer(BOB, rollback_id, Answer.APPROVE, digest=digest, channel="web")


def test_a_rollback_is_begun_by_one_and_approved_by_another(served: Served) -> None:
    """The way every incident takes; and the plan must say who asked, not who runs the server."""
    rollback_id = served.begin()
    served.comes_to(rollback_id, Status.AWAITING_APPROVAL)
    assert served.shops.images()["basket"].endswith(":v2")
    served.until(
        lambda: not [t for t in threading.enumerate() if t.name == rollback_id],
        "it holds a thread while it only waits",
    )
    _approve(served, rollback_id)
    served.comes_to(rollback_id, *_OVER)
    report = served.operations.report(ADMIN, rollback_id)
    assert served.shops.images()["basket"].endswith(":v1")
    assert report.plan.requested_by.name == "alice"
    assert [(d.person.name, d.channel) for d in report.decisions] == [("bob", "web")]


def test_a_denied_rollback_is_closed_at_once(served: Served) -> None:
    """A deny that left the question open would let somebody else approve it."""
    rollback_id = served.begin()
    digest = _digest(served, rollback_id)
    given = served.operations.answer(
        BOB, rollback_id, Answer.DENY, digest=short_digest(digest), channel="chat", reason="not it"
    )
    assert (given.person, given.is_new) == ("bob", True)
    served.comes_to(rollback_id, Status.DENIED)
    assert served.shops.images()["basket"].endswith(":v2")


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        (ALICE, "alice has no role that allows answer on basket/production"),
        (CAROL, "carol has no role that allows answer on basket/production"),
        (MACHINE, "the token of ci does not allow answer on basket/production"),
    ],
)
def test_only_approvers_answer(served: Served, who: Principal, refusal: str) -> None:
    """An operator, a viewer or a pipeline that could approve would make approval a formality."""
    rollback_id = served.begin()
    digest = _digest(served, rollback_id)
    with pytest.raises(Forbidden) as caught:
        served.operations.answer(
            who,
            rollback_id,
            Answer.APPROVE,
            digest=digest,
            channel="web",
        )
    assert caught.value.what == refusal
    # No role and no other token would let a machine; saying so would send people looking.
    assert ("server.roles" in caught.value.remedy) is not who.is_machine
    assert served.opened.workspace.report(rollback_id).decisions == ()
    told = [e.action for e in served.operations.audit_log(ADMIN, limit=20)]
    assert "access.refused" in told


def test_an_answer_to_another_plan_is_refused(served: Served) -> None:
    """Somebody approves what stands on their screen, and another plan is carried out."""
    rollback_id = served.begin()
    for digest in ("", "0" * 64, _digest(served, rollback_id)[:14], "zzzzzzzz"):
        with pytest.raises(Refused, match="names another plan"):
            served.operations.answer(BOB, rollback_id, Answer.APPROVE, digest=digest, channel="web")
    assert served.status(rollback_id) in (Status.PLANNED, Status.AWAITING_APPROVAL)


def test_high_risk_wants_a_fresh_proof(served: Served) -> None:
    """A console left open at a desk would approve the rollbacks that need a person most."""
    rollback_id = served.begin()
    report = served.opened.workspace.report(rollback_id)
    assert report.plan.risk.value == "high"
    long_ago = served.opened.workspace.clock.now() - timedelta(minutes=6)
    stale = msgspec.structs.replace(BOB, proved_at=long_ago)
    with pytest.raises(Forbidden, match="log in once more"):
        served.operations.answer(
            stale, rollback_id, Answer.APPROVE, digest=report.digest, channel="web"
        )
    served.operations.answer(stale, rollback_id, Answer.DENY, digest=report.digest, channel="web")


def test_two_triggers_give_one_rollback(served: Served) -> None:
    """An alert and a person at the same time must not roll back twice."""
    found: list[str] = []
    both = [threading.Thread(target=lambda: found.append(served.begin())) for _ in range(4)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_whoever_may_not_ask_changes_nothing(served: Served) -> None:
    """A viewer who could begin a rollback would prewarm production."""
    with pytest.raises(Forbidden):
        served.begin(CAROL)
    with pytest.raises(Forbidden):
        served.begin(BOB)
    with pytest.raises(Forbidden):
        served.operations.mark(BOB, BAD, VerdictOutcome.FAIL, reason="slow")
    said = Said(deployment_id="d-1", service="basket", environment="production", version="v3")
    with pytest.raises(Forbidden):
        served.operations.record(CAROL, said)
    assert served.operations.rollbacks(ADMIN, limit=9) == ()
    assert served.operations.deployments(ADMIN, limit=9) == ()


def test_everybody_sees_what_they_may_see(served: Served) -> None:
    """What one team breaks is none of another's business, where roles say so."""
    rollback_id = served.begin()
    assert [r.id for r in served.operations.rollbacks(ALICE, limit=9)] == [rollback_id]
    assert served.operations.rollbacks(CAROL, limit=9) == ()
    with pytest.raises(Forbidden):
        served.operations.report(CAROL, rollback_id)
    assert {s.target.service for s in served.operations.services(CAROL)} == {"search"}
    with pytest.raises(Forbidden):
        served.operations.audit_log(ALICE, limit=1)


def test_a_machine_records_and_asks(served: Served) -> None:
    """A pipeline's token is there for this."""
    said = Said(deployment_id="d-9", service="search", environment="production", version="v2")
    done = served.operations.record(MACHINE, said)
    assert (done.is_new, done.deployment.recorded_by) == (True, "ci")
    report = served.operations.rollback(
        MACHINE, Request(failed_deployment_id="search-v2", dry_run=True)
    )
    assert report.rollback.status in (Status.DRY_RUN, Status.REFUSED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"failed_deployment_id": "../etc"},
        {"target_version": "v1; rm -rf /"},
        {"reason": "\x1b[2J"},
        {"reason": "x" * 3000},
        {"override": "schema-compatible"},
        {"break_glass": True},
    ],
)
def test_hostile_requests_change_nothing(served: Served, wrong: dict[str, object]) -> None:
    """What comes from outside ends in files, terminals and pages."""
    fine = Request(failed_deployment_id=BAD)
    with pytest.raises(UsageError):
        served.operations.rollback(ALICE, replace(fine, **wrong))  # type: ignore[arg-type] # each is of its field's type
    assert served.operations.rollbacks(ADMIN, limit=9) == ()


def test_unknown_names_are_said(served: Served) -> None:
    """Whoever mistypes an id in an incident needs the right one."""
    with pytest.raises(UnknownName, match="rb-nothing"):
        served.operations.resume(ALICE, "rb-nothing")
    with pytest.raises(UnknownName) as caught:
        served.operations.rollback(ALICE, Request(failed_deployment_id="basket-v22"))
    assert "basket-v2" in caught.value.nearest


def test_a_new_server_goes_on_where_the_old_one_was(served: Served) -> None:
    """A server is replaced while people decide: the question stands, and the answer counts."""
    rollback_id = served.begin()
    served.comes_to(rollback_id, Status.AWAITING_APPROVAL)
    config = served.shops.folder / "smartspec.yaml"
    served.opened.stop()
    other = Opened(config, tell=served.told.append, warn=served.told.append)
    served.opened = other
    _approve(served, rollback_id)
    other.start()
    served.comes_to(rollback_id, *_OVER)


def test_a_ledger_that_fails_for_a_while_ends_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk for a minute, and nobody drives any rollback any more."""
    store = served.opened.workspace.store

    def fails(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(type(store), "rollbacks", fails)
        served.until(lambda: any("disk is full" in told for told in served.told), "not told")
    rollback_id = served.begin()
    _approve(served, rollback_id)
    served.comes_to(rollback_id, *_OVER)


def test_one_that_cannot_be_driven_holds_up_no_other(served: Served) -> None:
    """A service leaves smartspec.yaml with its rollback open, and nothing is driven any more."""
    gone = served.begin(failed="checkout-v2")
    waits = served.begin()
    served.comes_to(waits, Status.AWAITING_APPROVAL)
    served.opened.stop()
    config = served.shops.folder / "smartspec.yaml"
    before, _, after = config.read_text().partition("  checkout:\n")
    config.write_text(before + after[after.index("  search:\n") :])
    served.opened = Opened(config, tell=served.told.append, warn=served.told.append)
    served.opened.start()
    served.until(lambda: any(f"{gone}: error" in told for told in served.told), "not told")
    _approve(served, waits)
    served.comes_to(waits, *_OVER)


def test_an_account_of_nobody_approves_nothing(served: Served) -> None:
    """A second account that nobody mapped would make one person two of a quorum."""
    rollback_id = served.begin()
    account = "oidc:eve@example.org"
    eve = Principal(person=Person(name=account, account=account), groups=("platform",))
    digest = served.opened.workspace.report(rollback_id).digest
    with pytest.raises(Forbidden, match="nobody in `people`"):
        served.operations.answer(eve, rollback_id, Answer.APPROVE, digest=digest, channel="web")
    assert served.opened.workspace.store.decisions(rollback_id) == ()


def test_an_approval_drives_what_failed_before(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody mends what kept a rollback from going on, and nobody's approval carries it out."""
    rollback_id = served.begin()
    served.comes_to(rollback_id, Status.AWAITING_APPROVAL)
    served.opened.stop()
    config = served.shops.folder / "smartspec.yaml"

    def fails(*_: object, **__: object) -> None:
        raise ProviderError("there is no such cluster")

    with monkeypatch.context() as patched:
        patched.setattr(type(served.opened.workspace), "drive", fails)
        served.opened = Opened(config, tell=served.told.append, warn=served.told.append)
        served.opened.start()
        served.until(lambda: any("no such cluster" in told for told in served.told), "not told")
    _approve(served, rollback_id)
    served.comes_to(rollback_id, *_OVER)


def test_two_servers_judge_a_gate_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old server judges while the new one starts, and their verdicts contradict each other."""
    judged: list[str] = []
    begun, over = threading.Event(), threading.Event()

    def gate(_: object, who: Principal, deployment_id: str, __: object) -> Verdict:
        judged.append(who.person.name)
        begun.set()
        assert over.wait(30)
        return a_verdict(deployment_id)

    store = served.opened.workspace.store
    attend, kept_out = store.attend, threading.Event()

    def watched(name: str) -> Attendance | None:
        attended = attend(name)
        if attended is None:
            kept_out.set()
        return attended

    monkeypatch.setattr(type(served.operations), "gate", gate)
    monkeypatch.setattr(store, "attend", watched)
    old, new = Gates(served.operations), Gates(served.operations)
    run = old.begin(ALICE, BAD)
    assert begun.wait(30)
    new.start()
    assert kept_out.wait(30)
    over.set()
    served.until(lambda: new.find(ALICE, run.id).ended_at is not None, "it does not end")
    served.until(lambda: not new.is_busy, "it waits for ever")
    assert judged == ["alice"]
