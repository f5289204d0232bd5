"""Rollbacks as systems are told of them. Used by the tests of the outlets beside it."""

import msgspec
from tests.golden.cases import succeeded

from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.ports.messenger import Post
from smartspec_rollback.views.json import rollback_document


class Kept:
    """A secret that a test made up."""

    def __init__(self, text: str, name: str = "OUTLET_URL") -> None:
        """Hold it."""
        self._text = text
        self.place = f"environment variable {name}"

    def resolve(self) -> Sensitive:
        """Return it."""
        return Sensitive(self._text)


def a_report(status: Status = Status.SUCCEEDED) -> Report:
    """Make a rollback's report in a status, with the moments it has by then."""
    told = succeeded()
    moments = told.moments
    if status is not Status.SUCCEEDED:
        moments = msgspec.structs.replace(moments, verified=None)
    if status not in (Status.SUCCEEDED, Status.UNSTABLE, Status.VERIFYING):
        moments = msgspec.structs.replace(moments, switched=None)
    rollback = msgspec.structs.replace(told.rollback, status=status)
    return msgspec.structs.replace(told, rollback=rollback, moments=moments)


def a_post(part: str, status: Status, *, told: Report | None = None, link: str = "") -> Post:
    """Make the post that the courier makes of it."""
    report = told or a_report(status)
    document = rollback_document(report, report_paths=()).decode()
    return Post(key=f"{report.rollback.id}/{part}", text=str(status), document=document, link=link)
