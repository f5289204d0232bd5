"""Answers from chats: whose they are, which plan they are about, and whether they count.

Called by ``desk``. Counts nothing itself: what counts is decided and recorded by ``operations``.
What does not count is said, and why.
"""

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.approval import Answer, approvers_of
from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.domain.plan import Plan, names_plan, short_digest
from smartspec_rollback.domain.rollback import ACTIVE, Rollback
from smartspec_rollback.errors import SmartSpecError, StoreError
from smartspec_rollback.operations.composing import Part
from smartspec_rollback.operations.saying import Office, in_words, stranger
from smartspec_rollback.ports.messenger import Answered, KnowsMembers, Messenger

_WHOLE = "sha256:"
_REASON = 2000


def plan_meant(office: Office, said: Answered) -> Rollback | None:
    """Find the rollback whose plan was answered; None where it was no plan of ours."""
    rollback_id = said.rollback_id
    if said.ref:
        found = office.store.delivered(said.room, said.ref)
        if found is not None:
            rollback_id = found.rollback_id if found.key.endswith(f"/{Part.PLAN}") else ""
    return office.store.rollback(rollback_id) if rollback_id else None


def answer(office: Office, said: Answered, messenger: Messenger) -> tuple[str, ...]:
    """Take an answer to a plan, and say what became of it; nothing where it was to none."""
    rollback = plan_meant(office, said)
    if rollback is None:
        return ()
    plan = office.store.plan(rollback.id)
    if plan is None:
        return ()
    person = office.identify(said.account)
    if (why := stranger(person)) or (why := _gone(said, messenger)):
        return (f"Not counted: {why}.",)
    if (why := _unnamed(rollback, plan, said)) is not None:
        return (f"Not counted: {why}",)
    try:
        given = office.verbs.answer(
            Principal(person=person),
            rollback.id,
            said.answer,
            digest=rollback.plan_digest,
            channel=messenger.name,
            reason=" ".join(said.reason.split())[:_REASON],
        )
    except StoreError:
        raise
    except SmartSpecError as error:
        first, *rest = in_words(error)
        return (f"Not counted: {first}", *rest, *_newer(office, rollback))
    word = "approval" if said.answer is Answer.APPROVE else "denial"
    if not given.is_new:
        return (f"{person.name}'s {word} of `{rollback.id}` is counted already.",)
    return (f"Counted: {person.name}'s {word} of `{rollback.id}`.{_missing(office, plan, said)}",)


def _gone(said: Answered, messenger: Messenger) -> str | None:
    """Say that whoever answered is not here any more."""
    if isinstance(messenger, KnowsMembers) and not messenger.is_there(said.account):
        return f"`{said.account[:255]}` is not in this room any more"
    return None


def _unnamed(rollback: Rollback, plan: Plan, said: Answered) -> str | None:
    """Say why the digest that was named, or was not, does not do."""
    short = short_digest(rollback.plan_digest)
    if said.digest and not names_plan(said.digest, rollback.plan_digest):
        return f"this names another plan; the one of `{rollback.id}` is `{short}`."
    high = plan.risk is Risk.HIGH and said.answer is Answer.APPROVE
    if high and (not said.digest or said.digest.startswith(_WHOLE)):
        return f"the risk is high. Read the plan, then reply `approve {short}`."
    return None


def _missing(office: Office, plan: Plan, said: Answered) -> str:
    """Say how many approvals are missing yet."""
    if said.answer is Answer.DENY:
        return " Nothing is carried out."
    given = approvers_of(plan.digest, office.store.decisions(plan.rollback_id))
    missing = max(0, plan.policy.quorum - len(given))
    if not missing:
        return ""
    return f" {missing} more {'approval is' if missing == 1 else 'approvals are'} needed."


def _newer(office: Office, rollback: Rollback) -> tuple[str, ...]:
    """Name the plan that stands now, where another one took its place."""
    if rollback.status in ACTIVE:
        return ()
    now = office.store.active(rollback.target)
    if now is None or now.id == rollback.id:
        return ()
    return (f"The plan that stands now is `{now.id}`.",)
