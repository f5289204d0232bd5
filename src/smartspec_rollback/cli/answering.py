"""Answering a rollback's question from another process. Called by ``approve`` and ``deny``."""

from smartspec_rollback.cli.documents import document
from smartspec_rollback.cli.session import Session
from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.names import checked_name, checked_text
from smartspec_rollback.domain.rollback import ACTIVE, Status
from smartspec_rollback.domain.values import Value

_DONE = {Answer.APPROVE: "Approved", Answer.DENY: "Denied"}


class Given(Value):
    """An answer, whether it is new, where the rollback stands, and who living carries it out."""

    rollback_id: str
    answer: Answer
    person: str
    is_new: bool
    digest: str
    plan: str
    status: Status
    driven_by: str | None

    def show(self, session: Session) -> int:
        """Say that the answer was recorded."""
        if session.output.as_json:
            session.output.document(document("smartspec.answer/1", **_fields(self)))
        else:
            already = "" if self.is_new else ", as you had already"
            session.output.result(
                f"{_DONE[self.answer]} {self.rollback_id} as {self.person}{already}: {self.plan}\n"
            )
        if not self.is_open:
            session.output.note(
                f"It is over ({self.status}): `smartspec show {self.rollback_id} --report`"
            )
        return 0

    @property
    def is_open(self) -> bool:
        """Whether the rollback was not over when it was answered."""
        return self.status in ACTIVE


def give(session: Session, rollback_id: str, answer: Answer, reason: str | None) -> Given:
    """Record the operator's answer."""
    checked_name("rollback id", rollback_id)
    said = "" if reason is None else checked_text("reason", reason)
    given = session.verbs.answer(rollback_id, answer, reason=said)
    found = given.rollback
    return Given(
        rollback_id=rollback_id,
        answer=answer,
        person=given.person,
        is_new=given.is_new,
        digest=found.plan_digest,
        plan=f"{found.target} from {found.from_version} to {found.to_version}",
        status=found.status,
        driven_by=given.driven_by,
    )


def close(session: Session, rollback_id: str) -> None:
    """Close a denied rollback that nobody drives, so that what was prewarmed goes at once."""
    session.verbs.resume(rollback_id, session.screen)


def _fields(given: Given) -> dict[str, object]:
    return {name: getattr(given, name) for name in given.__struct_fields__}
