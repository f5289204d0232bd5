"""Commands from chats: read as the command line reads them, and carried out in somebody's name.

Called by ``desk``. Who may is decided by ``operations``; people whom nobody knows get no further
than here. Returns what to say; a plan or report that goes on is posted by ``courier``.
"""

from collections.abc import Mapping
from datetime import timedelta

from smartspec_rollback.domain.access import Principal
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import ACTIVE, Status
from smartspec_rollback.engine.parts import Request
from smartspec_rollback.errors import SmartSpecError, StoreError, UsageError
from smartspec_rollback.operations import typed
from smartspec_rollback.operations.composing import ChatView
from smartspec_rollback.operations.saying import Office, in_words, stranger
from smartspec_rollback.operations.watching import Unwatched
from smartspec_rollback.ports.messenger import GATE, Commanded, Content
from smartspec_rollback.views import wording
from smartspec_rollback.views.units import span

_LONGEST_FLAGS = 500
_HELP = ("help",)

STALE = timedelta(minutes=15)
"""A command that waited longer than this, while nobody listened, is not carried out."""


def carry_out(office: Office, said: Commanded, view: ChatView, *, sign: str) -> Content:
    """Do what was asked, and return what to say; ``sign`` stands before commands here."""
    person = office.identify(said.account)
    if why := stranger(person):
        return view.said(f"Not done: {why}.")
    waited = office.clock.now() - (said.said_at or office.clock.now())
    if waited > STALE:
        ago = span(waited.total_seconds())
        return view.said(
            f"Not done: this was said {ago} ago, while nobody listened. "
            "Say it again if it is still wanted."
        )
    who = Principal(person=person)
    try:
        if said.command == GATE:
            return _gate(office, who, said, view, sign=sign)
        return _rollback(office, who, said, view, sign=sign)
    except StoreError:
        raise
    except SmartSpecError as error:
        first, *rest = in_words(error)
        return view.said(f"Not done: {first}", *rest)


def _rollback(
    office: Office, who: Principal, said: Commanded, view: ChatView, *, sign: str
) -> Content:
    asked = typed.typed(said.arguments, typed.ROLLBACK)
    command = f"{sign}{said.command}"
    if asked.has("help") or asked.words == _HELP:
        return view.said(*_usage(command, "failed-deployment-id", typed.ROLLBACK))
    ids = (*asked.all("failed-deployment-id"), *asked.words)
    if len(ids) > 1:
        raise UsageError(
            f"{len(ids)} deployments were named; in chat it is one at a time",
            remedy="send the command once for each, and put a reason into quotes",
        )
    if not ids:
        return view.choices(
            office.verbs.candidates(who),
            command=_with_flags(command, said),
            flag="--failed-deployment-id",
        )
    override, reason = asked.one("override"), asked.one("reason")
    report = office.verbs.rollback(
        who,
        Request(
            failed_deployment_id=ids[0],
            target_version=asked.one("target-version"),
            auto_approve=asked.has("auto-approve"),
            dry_run=asked.has("dry-run"),
            override=override,
            reason=reason,
        ),
    )
    return _planned(report, view)


def _planned(report: Report, view: ChatView) -> Content:
    """Show a plan that ends here; of one that goes on, say so: it is posted by itself."""
    rollback = report.rollback
    if rollback.status in (Status.DRY_RUN, Status.REFUSED):
        return view.plan(report)
    way = f"`{rollback.from_version}` to `{rollback.to_version}`"
    mark, sentence = wording.outcome(report)
    lines = [f"`{rollback.id}` takes {rollback.target} back from {way}."]
    lines.append(f"{mark} {sentence}")
    if rollback.status in ACTIVE:
        lines.append("Plan, progress and report are posted where the service is looked after.")
    return view.said(*lines)


def _gate(office: Office, who: Principal, said: Commanded, view: ChatView, *, sign: str) -> Content:
    asked = typed.typed(said.arguments, typed.GATE)
    command = f"{sign}{said.command}"
    if asked.has("help") or asked.words == _HELP:
        return view.said(*_usage(command, "deployment-id", typed.GATE))
    ids = (*asked.all("deployment-id"), *asked.words)
    if len(ids) > 1:
        raise UsageError("a gate judges one deployment at a time")
    if not ids:
        return view.choices(
            office.verbs.candidates(who), command=_with_flags(command, said), flag="--deployment-id"
        )
    return view.verdict(office.verbs.gate(who, ids[0], Unwatched()))


def _with_flags(command: str, said: Commanded) -> str:
    """Keep the flags that were typed, so that choosing a deployment does not lose ``--dry-run``."""
    flags = " ".join(said.arguments.split())
    if len(flags) > _LONGEST_FLAGS:
        raise UsageError("name the deployment", remedy="that is too much to offer a list for")
    return f"{command} {flags}".strip()


def _usage(command: str, first: str, known: Mapping[str, typed.Kind]) -> tuple[str, ...]:
    others = ", ".join(f"`--{name}`" for name in known if name not in (first, "help"))
    lines = [f"`{command} --{first} ID`; without an id, the deployments to choose from are listed."]
    if others:
        lines.append(f"More: {others}.")
    return tuple(lines)
