"""What the API does with rollbacks. Called by ``dispatch`` through ``table``."""

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE
from smartspec_rollback.domain.values import canonical, digest
from smartspec_rollback.engine.parts import Request
from smartspec_rollback.server.api.documents import (
    AnswerRequest,
    GivenDocument,
    JournalQuery,
    ReasonRequest,
    RollbackRequest,
    RollbacksQuery,
)
from smartspec_rollback.server.api.route import HTML, MARKDOWN, Call, Reply, Stream
from smartspec_rollback.server.api.served import Served
from smartspec_rollback.server.api.telling import journal_document
from smartspec_rollback.views import asking, json, markdown
from smartspec_rollback.views.html.file import policy, report_file
from smartspec_rollback.wiring import short_id

CHANNEL = "api"
"""The channel of answers that are given by the API."""

_PREFIX = "sha256:"


def ask(served: Served, call: Call[RollbackRequest, None]) -> Reply:
    """Begin a rollback, or join the one that is running; a key that was used tells of its own."""
    asked = call.body
    request = Request(
        failed_deployment_id=asked.failed_deployment_id,
        target_version=asked.target_version,
        auto_approve=asked.auto_approve,
        dry_run=asked.dry_run,
        override=asked.override,
        reason=asked.reason,
    )
    if not call.key:
        return _written(served.operations.rollback(call.who, request))
    # The key is the caller's own: nobody learns of another's rollback by guessing it.
    key = digest((call.who.person.name, call.who.person.account, call.key))
    known = served.store.remember_request(
        key, digest(canonical(asked).decode()), at=served.operations.workspace.clock.now()
    )
    # The key names its rollback too, so that one is found whose answer was not kept any more.
    named = short_id("rb", of=key)
    if known is None and served.store.rollback(named) is not None:
        known = named
    if known is not None:
        return _written(served.operations.report(call.who, known))
    report = served.operations.rollback(call.who, request, rollback_id=named)
    served.store.answer_request(key, report.rollback.id)
    return _written(report)


def show(served: Served, call: Call[None, None]) -> Reply:
    """Tell how a rollback stands."""
    return Reply(json.rollback_document(_report(served, call), report_paths=()))


def listed(served: Served, call: Call[None, RollbacksQuery]) -> Reply:
    """List rollbacks."""
    asked = call.query
    found = [
        each
        for target in served.narrowed(asked.service, asked.environment)
        for each in served.operations.rollbacks(
            call.who,
            target,
            failed_deployment_id=asked.failed_deployment_id,
            status=asked.status,
            limit=asked.limit,
        )
    ]
    found.sort(key=lambda each: each.requested_at, reverse=True)
    return Reply(json.history_document(found[: asked.limit]))


def record(served: Served, call: Call[None, None]) -> Reply:
    """Hand out the Report itself."""
    return Reply(canonical(_report(served, call)))


def plan(served: Served, call: Call[None, None]) -> Reply:
    """Write the plan as it is shown to people."""
    report = _report(served, call)
    text = markdown.plan(report.plan, unattended=asking.unattended(report))
    return Reply(text, media=MARKDOWN)


def report(served: Served, call: Call[None, None]) -> Reply:
    """Write what became of it."""
    return Reply(markdown.report(_report(served, call)), media=MARKDOWN)


def report_page(served: Served, call: Call[None, None]) -> Reply:
    """Write what became of it as one HTML file; its own policy lets nothing run in it."""
    told = _report(served, call)
    headers = {"Content-Security-Policy": f"{policy()}; frame-ancestors 'none'; sandbox"}
    return Reply(report_file(told), media=HTML, headers=headers)


def journal(served: Served, call: Call[None, JournalQuery]) -> Reply:
    """List journal entries after one."""
    return Reply(journal_document(_report(served, call), after=call.query.after))


def follow(served: Served, call: Call[None, JournalQuery]) -> Stream:
    """Stream what happens."""
    found = _report(served, call)
    after = int(call.last_event) if call.last_event else call.query.after
    return Stream(found.rollback.id, min(after, 2**53))


def approve(served: Served, call: Call[AnswerRequest, None]) -> Reply:
    """Consent to a plan."""
    return _answered(served, call, Answer.APPROVE)


def deny(served: Served, call: Call[AnswerRequest, None]) -> Reply:
    """Deny a plan."""
    return _answered(served, call, Answer.DENY)


def resume(served: Served, call: Call[None, None]) -> Reply:
    """Go on with a rollback that stopped."""
    return _written(served.operations.resume(call.who, call.names["rollback_id"]))


def abandon(served: Served, call: Call[ReasonRequest, None]) -> Reply:
    """Give up a rollback that stopped in the middle."""
    given_up = served.operations.abandon(
        call.who, call.names["rollback_id"], reason=call.body.reason
    )
    return Reply(json.rollback_document(given_up, report_paths=()))


def _report(served: Served, call: Call[None, None] | Call[None, JournalQuery]) -> Report:
    return served.operations.report(call.who, call.names["rollback_id"])


def _written(found: Report) -> Reply:
    """Answer with a rollback: accepted while it goes on, a result once it is over."""
    document = json.rollback_document(found, report_paths=())
    if found.rollback.status not in ACTIVE:
        return Reply(document)
    where = {"Location": f"/v1/rollbacks/{found.rollback.id}"}
    return Reply(document, status=202, headers=where)


def _answered(served: Served, call: Call[AnswerRequest, None], answer: Answer) -> Reply:
    given = served.operations.answer(
        call.who,
        call.names["rollback_id"],
        answer,
        digest=_PREFIX + call.body.digest.removeprefix(_PREFIX),
        channel=CHANNEL,
        reason=call.body.reason or "",
    )
    return Reply(
        GivenDocument(
            rollback_id=given.rollback_id,
            answer=given.answer,
            person=given.person,
            is_new=given.is_new,
            digest=given.digest,
            status=given.status,
        )
    )
