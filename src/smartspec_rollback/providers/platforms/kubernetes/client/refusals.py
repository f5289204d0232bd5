"""What the API server's refusals mean: which error of ours each answer is.

Used by ``api``. Pure. A refused write was certainly not done, whatever the reason; a server that
fails tells nothing. The server's text is shown only where it cannot quote what is in an object.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from smartspec_rollback.errors import FenceConflict, NotDone, ProviderError, ProviderUnavailable
from smartspec_rollback.providers.platforms.kubernetes.client.connection import Answer
from smartspec_rollback.providers.platforms.kubernetes.objects import Resource, items, text

_FAULTY = 500
_SHORTENED = 300
_DENIALS = ("admission webhook ", "ValidatingAdmissionPolicy ")
_WEBHOOK_DOWN = re.compile(r'failed calling webhook "([\w.:/-]{1,253})"')
_METHODS = {"patch": "PATCH", "create": "POST", "delete": "DELETE"}


class Forbidden(NotDone):
    """The cluster does not allow it."""


class Gone(NotDone):
    """There is no such object."""


class Outdated(NotDone):
    """What was asked for is no longer in the server's history."""


class AlreadyThere(NotDone):
    """There is one of this name already."""


@dataclass(frozen=True)
class Call:
    """One request, as the API names it and as HTTP sends it."""

    verb: str
    resource: Resource
    name: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    namespace: str | None = None
    """Without one, the connection's own."""

    @property
    def method(self) -> str:
        """The HTTP method."""
        return _METHODS.get(self.verb, "GET")

    @property
    def media(self) -> str:
        """The type of the body."""
        return "application/json-patch+json" if self.verb == "patch" else "application/json"

    def __str__(self) -> str:
        return f"{self.verb} {self.resource.plural}{f' {self.name}' if self.name else ''}"


def refusal(call: Call, answer: Answer, *, place: str) -> ProviderError:
    """Make the error that an answer means; ``place`` names namespace and context."""
    where = f"{call}, {place}"
    if answer.status < _FAULTY and (said := _by_admission(answer)):
        return Forbidden(f"the cluster refuses: {said}", where=where)
    match answer.status:
        case 401:
            return NotDone(
                "the API server does not know who we are (401): "
                "the credentials are wrong or have expired",
                where=where,
                remedy="log in again; `kubectl auth whoami` shows who you are",
            )
        case 403:
            return _forbidden(call, answer, where)
        case 404:
            return Gone(f"there is no such {call.resource.kind}", where=where)
        case 409 if text(answer.body, "reason") == "AlreadyExists":
            return AlreadyThere(f"the {call.resource.kind} is there already", where=where)
        case 409:
            return FenceConflict("somebody else changed it meanwhile", where=where)
        case 410:
            return Outdated("the server no longer knows that moment", where=where)
        case 422:
            return _invalid(call, answer, where)
        case status:
            return _other(status, answer, where)


def _other(status: int, answer: Answer, where: str) -> ProviderError:
    if status == 429:  # noqa: PLR2004 - too many requests
        return ProviderUnavailable("the API server is busy (429)", where=where)
    if status >= _FAULTY and (webhook := _WEBHOOK_DOWN.search(text(answer.body, "message"))):
        return ProviderUnavailable(
            f"the cluster's webhook {webhook[1]} does not answer the API server ({status})",
            where=where,
            remedy="mend it: until then such objects can be changed by nobody",
        )
    if status >= _FAULTY:
        return ProviderUnavailable(f"the API server fails ({status})", where=where)
    said = text(answer.body, "message")[:_SHORTENED]
    return NotDone(f"the API server refuses ({status}): {said}", where=where)


def _by_admission(answer: Answer) -> str:
    """Tell what a webhook or a policy says about a write that it denied; empty if none did.

    They choose the status themselves: a policy's denial may look like an invalid object.
    """
    said = text(answer.body, "message")
    return said[:_SHORTENED] if any(each in said for each in _DENIALS) else ""


def _invalid(call: Call, answer: Answer, where: str) -> ProviderError:
    causes = items(answer.body, "details", "causes")
    if call.verb == "patch" and not causes:
        # A failed test of a JSON Patch; the server tells no more.
        return FenceConflict("it is no longer what was looked at", where=where)
    # Which fields, but not what is in them: the server quotes that.
    fields = ", ".join(f"{text(each, 'field')} ({text(each, 'reason')})" for each in causes)
    return NotDone(f"the API server finds it invalid: {fields}", where=where)


def _forbidden(call: Call, answer: Answer, where: str) -> Forbidden:
    said = text(answer.body, "message")
    if f" cannot {call.verb} resource " not in said:
        # Not the access rules, but a quota or the like.
        return Forbidden(f"the cluster refuses: {said[:_SHORTENED]}", where=where)
    plural, group = call.resource.plural, call.resource.group
    return Forbidden(
        f"not allowed (403): {call.verb} {plural}",
        where=where,
        remedy=f'a Role needs the rule {{apiGroups: ["{group}"], resources: [{plural}], '
        f"verbs: [{call.verb}]}}; `smartspec doctor` prints all that is missing",
    )
